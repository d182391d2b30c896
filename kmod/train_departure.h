/* SPDX-License-Identifier: GPL-2.0-only */
/* One probe leaves: the end of its spin, the hand-over, the record. Ticks everywhere. */
#ifndef TSCOPE_TRAIN_DEPARTURE_H
#define TSCOPE_TRAIN_DEPARTURE_H

#include <linux/types.h>

struct tscope_anchor;
struct tscope_probe_train;

struct tscope_departure {
	u64 woken;		/* given: when the probe got its turn */
	u64 spun, handed;
	u32 flags;		/* TSCOPE_F_... of its record */
	int err;		/* 0 or the reason why it was not sent */
};

/*
 * train->skb at train->due, or at once if that is past. Called with soft interrupts off and shortly
 * before that time: interrupts are off for what is left of the spin (not on the way to the driver
 * on PREEMPT_RT).
 */
void tscope_depart(const struct tscope_anchor *anchor, struct tscope_probe_train *train,
		   struct tscope_departure *departure);

void tscope_departure_record(struct tscope_probe_train *train,
			     const struct tscope_departure *departure);

#endif
