/* SPDX-License-Identifier: GPL-2.0-only */
/* What passed at a device, wanted or not, by hooks at tracepoints. As kmod/passed.h has it. */
#ifndef TSCOPE_PASSED_BPF_H
#define TSCOPE_PASSED_BPF_H

#include "packet_parts.bpf.h"

#define PACKET_LOOPBACK 5

static __always_inline void count_passed(enum tscope_passed_point point, const struct sk_buff *skb,
					 const struct net_device *dev)
{
	struct tscope_bpf_ring *ring = ring_of(bpf_get_smp_processor_id());
	__u32 ifindex = dev->ifindex, owner, segs;
	struct tscope_passed *passed;

	if (!ring || netns_number(dev->nd_net.net) != config.own_netns)
		return;
	/* A copy of what was sent to a group (dev_loopback_xmit()): the device has not received it. */
	if (BPF_CORE_READ_BITFIELD(skb, pkt_type) == PACKET_LOOPBACK)
		return;
	passed = &ring->info.passed[point][ifindex % TSCOPE_PASSED_DEVICES];
	owner = *(volatile __u32 *)&passed->ifindex;
	if (!owner)
		owner = __sync_val_compare_and_swap(&passed->ifindex, 0, ifindex) ?: ifindex;
	if (owner != ifindex) {
		passed->shared = 1;
		return;
	}
	__sync_fetch_and_add(&passed->frames, 1);
	segs = segments(skb, skb->len);
	if (segs > 1)
		__sync_fetch_and_add(&passed->more_segments, segs - 1);
}

#endif
