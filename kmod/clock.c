// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/ktime.h>
#include <linux/printk.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>

#include <asm/cpufeature.h>

#include "clock.h"
#include "compat/compat.h"

#define ANCHOR_TRIES 5

int tscope_clock_init(void)
{
	if (!tsc_khz) {
		pr_err("tscope: not loaded: this kernel has found no rate of the time stamp counter (TSC)\n");
		return -ENODEV;
	}
	if (!boot_cpu_has(X86_FEATURE_CONSTANT_TSC) || !boot_cpu_has(X86_FEATURE_NONSTOP_TSC))
		pr_warn("tscope: this CPU does not promise that its TSC runs on at one rate: stamps are off where it does not\n");
	return 0;
}

/* The narrowest of a few reads: an interrupt of the host, which we can't keep out, widens a read. */
void tscope_clock_anchor(struct tscope_anchor *anchor)
{
	int i;

	anchor->width = U64_MAX;
	for (i = 0; i < ANCHOR_TRIES; i++) {
		ktime_t real, raw;
		unsigned long flags;
		u64 before, after;

		local_irq_save(flags);
		before = tscope_now();
		tscope_real_and_raw(&real, &raw);
		after = tscope_now();
		local_irq_restore(flags);

		if (after - before >= anchor->width)
			continue;
		anchor->width = after - before;
		anchor->tsc = before + anchor->width / 2;
		anchor->monotonic_raw_ns = ktime_to_ns(raw);
		anchor->realtime_ns = ktime_to_ns(real);
	}
}
