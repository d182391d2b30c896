/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TSCOPE_CLOCK_H
#define TSCOPE_CLOCK_H

#include <linux/math64.h>
#include <linux/minmax.h>

#include <asm/msr.h>
#include <asm/tsc.h>

#include "uapi/tscope.h"

/* Ordered after earlier loads: a stamp is never older than what it stamps. */
static __always_inline u64 tscope_now(void)
{
	return rdtsc_ordered();
}

static inline u64 tscope_ns_to_ticks(u64 ns)
{
	return mul_u64_u32_div(ns, tsc_khz, 1000 * 1000);
}

static inline u64 tscope_ticks_to_ns(u64 ticks)
{
	return mul_u64_u32_div(ticks, 1000 * 1000, tsc_khz);
}

#include "spin.h"

/* -ENODEV: the kernel knows no rate of the TSC, so no tick could be told in seconds. */
int tscope_clock_init(void);

void tscope_clock_anchor(struct tscope_anchor *anchor);

#endif
