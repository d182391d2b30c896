// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bitops.h>
#include <linux/kprobes.h>

#include "functions.h"

static struct {
	unsigned long address;	/* where ftrace's call stands */
	ftrace_func_t hook;
} functions[TSCOPE_FUNCTIONS_MAX];	/* filled at load, then only read */
static unsigned int count;
static u32 hooked;

static void dispatch(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
		     struct ftrace_regs *regs)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (functions[i].address == ip) {
			functions[i].hook(ip, parent, ops, regs);
			return;
		}
	}
}

static struct ftrace_ops ops = {
	.func = dispatch,
	/*
	 * RECURSION: the core keeps us from nesting within one context and turns preemption off.
	 * PERMANENT: the ftrace_enabled sysctl can't silence us unnoticed.
	 */
	.flags = FTRACE_OPS_FL_RECURSION | FTRACE_OPS_FL_PERMANENT,
};

/* Probes know where ftrace's call stands in a function; one that is never armed costs nothing. */
static unsigned long address_of(const char *name)
{
	struct kprobe probe = { .symbol_name = name, .flags = KPROBE_FLAG_DISABLED };
	unsigned long address;

	if (register_kprobe(&probe))
		return 0;
	address = (unsigned long)probe.addr;
	unregister_kprobe(&probe);
	return address;
}

int tscope_functions_find(const char *name, ftrace_func_t hook)
{
	unsigned long address = address_of(name);
	int err;

	if (!address)
		return -ENOENT;
	if (WARN_ON_ONCE(count == TSCOPE_FUNCTIONS_MAX))
		return -ENOSPC;
	err = ftrace_set_filter_ip(&ops, address, 0, 1);
	if (err)
		return err;
	functions[count].address = address;
	functions[count].hook = hook;
	return count++;
}

int tscope_functions_hook(u32 wanted)
{
	unsigned long addresses[TSCOPE_FUNCTIONS_MAX];
	unsigned int i, n = 0;
	int err;

	if (wanted == hooked)
		return 0;
	for (i = 0; i < count; i++) {
		if (wanted & BIT(i))
			addresses[n++] = functions[i].address;
	}
	/* An empty filter would mean every function. */
	if (!n) {
		err = unregister_ftrace_function(&ops);
	} else {
		err = ftrace_set_filter_ips(&ops, addresses, n, 0, 1);
		if (!err && !hooked)
			err = register_ftrace_function(&ops);
	}
	if (!err)
		hooked = wanted;
	return err;
}

void tscope_functions_exit(void)
{
	ftrace_free_filter(&ops);
}
