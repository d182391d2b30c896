/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TSCOPE_CLOCK_H
#define TSCOPE_CLOCK_H

#include <asm/msr.h>

#include "uapi/tscope.h"

/* Ordered after earlier loads: a stamp is never older than what it stamps. */
static __always_inline u64 tscope_now(void)
{
	return rdtsc_ordered();
}

void tscope_clock_anchor(struct tscope_anchor *anchor);

#endif
