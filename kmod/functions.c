// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bitops.h>
#include <linux/hash.h>
#include <linux/kprobes.h>

#include "compat/compat.h"
#include "functions.h"
#include "lookup.h"

static unsigned long addresses[TSCOPE_FUNCTIONS_MAX];	/* where ftrace's calls stand; filled at load, then only read */
static unsigned int count;

/* The hooks again, to be found by their address: at its hash or soon behind. Filled at load, then only read. */
#define TABLE_BITS 7
static struct {
	unsigned long address;
	ftrace_func_t hook;
} table[1 << TABLE_BITS] ____cacheline_aligned_in_smp;
static_assert(2 * TSCOPE_FUNCTIONS_MAX < ARRAY_SIZE(table));

static u32 hooked;

static_assert(TSCOPE_FUNCTIONS_MAX <= BITS_PER_TYPE(hooked));

static void dispatch(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
		     struct ftrace_regs *regs)
{
	unsigned int i = hash_long(ip, TABLE_BITS);

	while (unlikely(table[i].address != ip)) {
		if (!table[i].address)
			return;
		i = (i + 1) % ARRAY_SIZE(table);
	}
	preempt_disable_notrace();
	table[i].hook(ip, parent, ops, regs);
	preempt_enable_notrace();
}

static void put_in_table(unsigned long address, ftrace_func_t hook)
{
	unsigned int i = hash_long(address, TABLE_BITS);

	while (table[i].address)
		i = (i + 1) % ARRAY_SIZE(table);
	table[i].address = address;
	table[i].hook = hook;
}

static struct ftrace_ops ops = {
	.func = dispatch,
	/*
	 * Not RECURSION, with which the core calls us by a detour: no hook calls anything that is hooked.
	 * PERMANENT: the ftrace_enabled sysctl can't silence us unnoticed.
	 */
	.flags = FTRACE_OPS_FL_PERMANENT,
};

/*
 * Probes know where ftrace's call stands in a function; one that is never armed costs nothing. They
 * go all at once when everything is found: each going alone would wait for RCU.
 */
static struct kprobe lookups[TSCOPE_FUNCTIONS_MAX];
static unsigned int lookup_count;

static unsigned long address_of(const char *name)
{
	struct kprobe *probe = &lookups[lookup_count];
	unsigned long address;

	*probe = (struct kprobe) { .flags = KPROBE_FLAG_DISABLED };
	if (tscope_lookup(name, &address))
		probe->addr = (kprobe_opcode_t *)address;
	else
		probe->symbol_name = name;
	if (register_kprobe(probe))
		return 0;
	lookup_count++;
	return (unsigned long)probe->addr;
}

void tscope_functions_found(void)
{
	struct kprobe *probes[TSCOPE_FUNCTIONS_MAX];
	unsigned int i;

	for (i = 0; i < lookup_count; i++)
		probes[i] = &lookups[i];
	if (lookup_count)
		unregister_kprobes(probes, lookup_count);
	lookup_count = 0;
}

int tscope_functions_find(const char *name, ftrace_func_t hook)
{
	unsigned long address;
	int err;

	if (WARN_ON_ONCE(lookup_count == TSCOPE_FUNCTIONS_MAX))
		return -ENOSPC;
	address = address_of(name);
	if (!address)
		return -ENOENT;
	err = ftrace_set_filter_ip(&ops, address, 0, 1);
	if (err)
		return err;
	addresses[count] = address;
	put_in_table(address, hook);
	return count++;
}

int tscope_functions_hook(u32 wanted)
{
	unsigned long chosen[TSCOPE_FUNCTIONS_MAX];
	unsigned int i, n = 0;
	int err;

	if (wanted == hooked)
		return 0;
	for (i = 0; i < count; i++) {
		if (wanted & BIT(i))
			chosen[n++] = addresses[i];
	}
	/* An empty filter would mean every function. */
	if (!n) {
		err = unregister_ftrace_function(&ops);
	} else {
		err = ftrace_set_filter_ips(&ops, chosen, n, 0, 1);
		if (!err && !hooked)
			err = register_ftrace_function(&ops);
	}
	if (!err)
		hooked = wanted;
	return err;
}

void tscope_functions_exit(void)
{
	tscope_forget_filter(&ops);
}
