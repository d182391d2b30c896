/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a packet reaches its device's queue. As kmod/hooks_qdisc.c has it. */
#ifndef TSCOPE_HOOKS_QDISC_BPF_H
#define TSCOPE_HOOKS_QDISC_BPF_H

#include "deliver.bpf.h"

SEC("tp_btf/net_dev_queue")
int BPF_PROG(net_dev_queue, struct sk_buff *skb)
{
	struct place from = { .skb = skb };
	struct packet packet;
	__u64 first[FIRST_WORDS];

	if (!device_wanted(skb->dev))
		return 0;
	begin_unstamped(&packet, first, TSCOPE_QDISC_TX);
	if (at_device(&packet, &from, skb, skb->dev, network_offset(skb)))
		deliver_frame(&packet, &from, skb, skb->dev);
	return 0;
}

#endif
