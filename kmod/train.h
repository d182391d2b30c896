/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A probe train: a list of times and frame sizes. The sender of its CPU takes the probes of all trains of all
 * sessions from one queue, in the order of their times.
 */
#ifndef TSCOPE_TRAIN_H
#define TSCOPE_TRAIN_H

#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/rbtree.h>
#include <linux/skbuff.h>
#include <linux/uidgid.h>

#include "uapi/tscope.h"

struct dst_entry;
struct tscope_sender;
struct tscope_session;

struct tscope_probe_train {
	/* train_registry.c's. */
	struct list_head all;
	size_t charged;			/* bytes counted against the limits, */
	kuid_t user;			/* that of this one too */

	struct tscope_session *session;	/* NULL until queued */
	struct tscope_sender *sender;	/* likewise; its thread uses the next two as long as the train runs */
	struct net_device *dev;		/* held until the train's end; trains_lock */
	struct dst_entry *dst;		/* as long as dev; NULL but on the loopback device */

	/* Fixed once it is queued. */
	struct tscope_train_probe *probes;
	u8 *frame;
	u64 start;			/* tick of at_ns = 0 */
	u64 late_ticks;
	u32 count, flags, cpu;
	u32 ifindex, netns;		/* its records' */
	u16 ip_at, udp_at, seq_at, time_at;

	/* The sender's: its node under the queue's lock, the rest in its thread alone. */
	struct rb_node node;
	u64 due;			/* tick of the next probe */
	u32 next;			/* its index */
	struct sk_buff *skb;		/* it, ready but for the time */
	__wsum sum;			/* of its UDP packet, without the time */
	u32 head_len;
	u8 head[TSCOPE_PROBE_AT];	/* its headers from IP on, as they will be sent */

	struct tscope_train_status status;	/* the queue's lock */
};

#endif
