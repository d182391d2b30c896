/* SPDX-License-Identifier: GPL-2.0-only */
/* A probe's frame: made before its time, but for the time itself. */
#ifndef TSCOPE_TRAIN_FRAME_H
#define TSCOPE_TRAIN_FRAME_H

#include <linux/types.h>

struct dst_entry;
struct tscope_probe_train;
struct tscope_train;

/* Looks at the headers of a submitted frame and notes where they are. */
int tscope_frame_parse(struct tscope_probe_train *train, const struct tscope_train *request);

/*
 * What the loopback device delivers by; NULL elsewhere, or if the stack is to judge. Without it
 * the stack would take a probe from this machine to itself for a martian. The caller releases it.
 */
struct dst_entry *tscope_frame_route(const struct tscope_probe_train *train);

/* train->skb for train->next; without memory there is none. */
void tscope_frame_prepare(struct tscope_probe_train *train, gfp_t gfp);

/* The time of sending, NTP format, into frame and headers; the checksum follows. Fast. */
void tscope_frame_stamp(struct tscope_probe_train *train, u64 ntp);

#endif
