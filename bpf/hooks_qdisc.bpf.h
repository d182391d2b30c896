/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a packet reaches its device's queue. As kmod/hooks_qdisc.c has it. */
#ifndef TSCOPE_HOOKS_QDISC_BPF_H
#define TSCOPE_HOOKS_QDISC_BPF_H

#include "deliver.bpf.h"
#include "packet.bpf.h"

SEC("tp_btf/net_dev_queue")
int BPF_PROG(net_dev_queue, struct sk_buff *skb)
{
	__u64 stamp = now();
	struct packet packet;

	if (!device_wanted(skb->dev))
		return 0;
	begin_at(&packet, TSCOPE_QDISC_TX, stamp);
	if (at_device(&packet, skb, skb->dev, skb->network_header - (skb->data - skb->head)))
		deliver(&packet);
	return 0;
}

#endif
