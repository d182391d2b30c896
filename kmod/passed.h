/* SPDX-License-Identifier: GPL-2.0-only */
/* What passed at a device, wanted or not: counted in the describing page (struct tscope_passed). */
#ifndef TSCOPE_PASSED_H
#define TSCOPE_PASSED_H

#include <linux/netdevice.h>

#include <asm/cmpxchg.h>
#include <asm/local64.h>

#include "listeners.h"
#include "packet_parts.h"
#include "ring.h"

/*
 * For one capture, with preemption off. An interrupt's hook may count in the middle of ours, and for
 * another device that has the same entry.
 */
static __always_inline void tscope_count_for(const struct tscope_listener *listener,
					     enum tscope_passed_point point,
					     const struct net_device *dev, u32 segs)
{
	struct tscope_ring_info *info = this_cpu_ptr(listener->rings->ring)->info;
	u32 owner, ifindex = dev->ifindex;
	struct tscope_passed *passed = &info->passed[point][ifindex % TSCOPE_PASSED_DEVICES];

	if (listener->home != dev_net(dev))
		return;
	OPTIMIZER_HIDE_VAR(passed); /* or its address is worked out again for each use */
	owner = READ_ONCE(passed->ifindex);
	if (unlikely(!owner))
		owner = cmpxchg_local(&passed->ifindex, 0, ifindex) ?: ifindex;
	if (unlikely(owner != ifindex)) {
		WRITE_ONCE(passed->shared, 1);
		return;
	}
	local64_inc((local64_t *)&passed->frames);
	if (segs > 1)
		local64_add(segs - 1, (local64_t *)&passed->more_segments);
}

void tscope_count_for_others(enum tscope_passed_point point, u32 vantage, const struct net_device *dev,
			     u32 segs, const struct tscope_listener *but);

/* From a hook at the driver, whatever the frame is. `listener` is what tscope_listener_at() gave. */
static __always_inline void tscope_count_passed(const struct tscope_listener *listener,
						enum tscope_passed_point point, u32 vantage,
						const struct sk_buff *skb,
						const struct net_device *dev)
{
	u32 segs = tscope_segments(skb, skb->len);

	/* A copy of what was sent to a group (dev_loopback_xmit()): the device has not received it. */
	if (unlikely(skb->pkt_type == PACKET_LOOPBACK))
		return;
	tscope_count_for(listener, point, dev, segs);
	if (unlikely(tscope_has_company(listener)))
		tscope_count_for_others(point, vantage, dev, segs, listener);
}

#endif
