/* SPDX-License-Identifier: GPL-2.0-only */
/* A probe's frame: made before its time, but for the time itself. */
#ifndef TSCOPE_TRAIN_FRAME_H
#define TSCOPE_TRAIN_FRAME_H

#include <linux/types.h>

struct tscope_probe_train;
struct tscope_train;

/* Looks at the headers of a submitted frame and notes where they are. */
int tscope_frame_parse(struct tscope_probe_train *train, const struct tscope_train *request);

/* train->skb for train->next. Sleeps; without memory there is none. */
void tscope_frame_prepare(struct tscope_probe_train *train);

/* The time of sending, NTP format, into frame and headers; the checksum follows. Fast. */
void tscope_frame_stamp(struct tscope_probe_train *train, u64 ntp);

#endif
