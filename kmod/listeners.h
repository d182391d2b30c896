/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The running captures, by the network namespace whose packets they want: a hook asks here first, and what
 * nobody wants costs no more than the answer.
 */
#ifndef TSCOPE_LISTENERS_H
#define TSCOPE_LISTENERS_H

#include <linux/hash.h>
#include <linux/rculist.h>

#include "uapi/tscope.h"

struct net;
struct tscope_rings;

/* What a hook needs of a capture, in cache lines of its own. */
struct tscope_listener {
	struct hlist_node node;		/* RCU */
	const struct net *net;		/* compared, never followed; NULL: all */
	const struct net *home;		/* likewise; its opener's, whose devices' packets are counted */
	u32 vantages;
	struct tscope_filter filter;
	struct tscope_rings *rings;
	bool listed;
	bool privileged;		/* its opener may capture in all network namespaces */
} ____cacheline_aligned_in_smp;

#define TSCOPE_LISTENER_BITS	6
#define TSCOPE_LISTENERS_MAX	64	/* that run at once */
#define TSCOPE_LISTENERS_OTHERS	32	/* of these, of openers who may not capture in all namespaces */
#define TSCOPE_LISTENERS_NETNS	8	/* of these, in one namespace */

extern struct hlist_head tscope_listeners[1 << TSCOPE_LISTENER_BITS];	/* by namespace */
extern struct hlist_head tscope_listeners_everywhere;

/* From now on; -EDQUOT if too many do. */
int tscope_listener_add(struct tscope_listener *listener);
/* No more, or never did. Hooks may still be at it: the caller waits with synchronize_rcu(). */
void tscope_listener_remove(struct tscope_listener *listener);

static __always_inline const struct hlist_head *tscope_listeners_of(const struct net *net)
{
	return &tscope_listeners[hash_ptr((void *)net, TSCOPE_LISTENER_BITS)];
}

/* With preemption off, as all that reads these lists. */
#define tscope_for_each_listener(listener, head)				\
	for ((listener) = hlist_entry_safe(READ_ONCE((head)->first), struct tscope_listener, node);	\
	     (listener);							\
	     (listener) = hlist_entry_safe(READ_ONCE((listener)->node.next),	\
					   struct tscope_listener, node))

static __always_inline bool tscope_listens(const struct tscope_listener *listener, u32 vantage, u32 ifindex)
{
	return listener->vantages & TSCOPE_VANTAGE_BIT(vantage) &&
	       (!ifindex || !listener->filter.ifindex || listener->filter.ifindex == ifindex);
}

/* The first that may want a packet of `net` at `vantage`, on a device if one is known by now; NULL: nobody. */
static __always_inline const struct tscope_listener *
tscope_listener_at(const struct net *net, u32 vantage, u32 ifindex)
{
	const struct tscope_listener *listener;

	tscope_for_each_listener(listener, tscope_listeners_of(net)) {
		if (listener->net == net && tscope_listens(listener, vantage, ifindex))
			return listener;
	}
	tscope_for_each_listener(listener, &tscope_listeners_everywhere) {
		if (tscope_listens(listener, vantage, ifindex))
			return listener;
	}
	return NULL;
}

/* Whether there may be others behind the one that tscope_listener_at() gave. */
static __always_inline bool tscope_has_company(const struct tscope_listener *listener)
{
	return READ_ONCE(listener->node.next) ||
	       (listener->net && READ_ONCE(tscope_listeners_everywhere.first));
}

#endif
