/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames from and to the driver, and what the NIC's own clock said of them. As kmod/hooks_driver.c has it. */
#ifndef TSCOPE_HOOKS_DRIVER_BPF_H
#define TSCOPE_HOOKS_DRIVER_BPF_H

#include "deliver.bpf.h"
#include "packet.bpf.h"

#define VLAN_TAGS_MAX 2

static __always_inline int ip_offset(struct packet *packet, const struct sk_buff *skb)
{
	__u32 linear = skb->len - skb->data_len;
	__u16 protocol = bpf_ntohs(skb->protocol);
	int i, offset = 0;

	packet->wire_len = skb->len;

	for (i = 0; i < VLAN_TAGS_MAX; i++) {
		__be16 next;

		if (protocol != ETH_P_8021Q && protocol != ETH_P_8021AD)
			break;
		if ((__u32)offset + VLAN_HLEN > linear) {
			ends_here(packet, linear);
			return -1;
		}
		if (bpf_probe_read_kernel(&next, sizeof(next), skb->data + offset + 2))
			return -1;
		protocol = bpf_ntohs(next);
		offset += VLAN_HLEN;
	}
	return protocol == ETH_P_IP || protocol == ETH_P_IPV6 ? offset : -1;
}

static __always_inline int driver_rx(const struct sk_buff *skb)
{
	__u64 stamp = now();
	struct packet packet;
	int offset;

	if (!device_wanted(skb->dev))
		return 0;
	begin_at(&packet, TSCOPE_DRIVER_RX, stamp);
	offset = ip_offset(&packet, skb);
	if (offset >= 0 && at_device(&packet, skb, skb->dev, offset))
		deliver(&packet);
	return 0;
}

/* Wherever a frame comes in: a program a place, named PREFIX_... */
#define AT_RECEIVE(prefix, hook)							\
	AT_RECEIVE_PLACE(prefix##_gro_receive, "napi_gro_receive_entry", hook)		\
	AT_RECEIVE_PLACE(prefix##_gro_frags, "napi_gro_frags_entry", hook)		\
	AT_RECEIVE_PLACE(prefix##_receive_skb, "netif_receive_skb_entry", hook)		\
	AT_RECEIVE_PLACE(prefix##_receive_list, "netif_receive_skb_list_entry", hook)	\
	AT_RECEIVE_PLACE(prefix##_netif_rx, "netif_rx_entry", hook)
#define AT_RECEIVE_PLACE(name, tracepoint, hook)					\
	SEC("tp_btf/" tracepoint)							\
	int BPF_PROG(name, struct sk_buff *skb)						\
	{										\
		return hook(skb);							\
	}

AT_RECEIVE(driver, driver_rx)

SEC("tp_btf/napi_poll")
int BPF_PROG(napi_poll, struct napi_struct *napi, int work, int budget)
{
	struct cpu_state *state = cpu_state();

	if (state)
		state->napi_polls++;
	return 0;
}

SEC("tp_btf/net_dev_start_xmit")
int BPF_PROG(net_dev_start_xmit, struct sk_buff *skb, struct net_device *dev)
{
	__u64 stamp = now();
	struct packet packet;

	if (!device_wanted(dev))
		return 0;
	begin_at(&packet, TSCOPE_DRIVER_TX, stamp);
	if (at_device(&packet, skb, dev, skb->network_header - (skb->data - skb->head)))
		deliver(&packet);
	return 0;
}

/* --- the NIC's own clock --- */

/* The driver's private data instead of a time, which only the driver can make one of. */
#define SKBTX_HW_TSTAMP_NETDEV (1 << 5)

static __always_inline int deliver_nic(struct packet *packet, s64 nic_ns)
{
	if (packet->header_len > TSCOPE_NIC_TIME_AT) {
		packet->header_len = TSCOPE_NIC_TIME_AT;
		packet->flags |= TSCOPE_F_CUT;
	}
	__builtin_memcpy(packet->header + TSCOPE_NIC_TIME_AT, &nic_ns, sizeof(nic_ns));
	deliver(packet);
	return 0;
}

static __always_inline int hw_rx(const struct sk_buff *skb)
{
	const struct skb_shared_info *info = (const void *)(skb->head + skb->end);
	__u64 stamp = now();
	struct packet packet;
	int offset;

	if (!device_wanted(skb->dev))
		return 0;
	begin_at(&packet, TSCOPE_HW_RX, stamp);
	offset = ip_offset(&packet, skb);
	if (offset < 0 || !at_device(&packet, skb, skb->dev, offset))
		return 0;
	if (BPF_CORE_READ(info, tx_flags) & SKBTX_HW_TSTAMP_NETDEV) {
		unreadable_here(&packet);
		return 0;
	}
	return deliver_nic(&packet, BPF_CORE_READ(info, hwtstamps.hwtstamp));
}

AT_RECEIVE(nic, hw_rx)

/* A driver reports what its NIC stamped, if the sending socket asked for it. */
SEC("fentry/skb_tstamp_tx")
int BPF_PROG(skb_tstamp_tx, struct sk_buff *skb, struct skb_shared_hwtstamps *stamps)
{
	__u64 stamp = now();
	struct packet packet;

	if (!stamps || !skb->dev || !device_wanted(skb->dev))
		return 0;
	begin_at(&packet, TSCOPE_HW_TX, stamp);
	if (!at_device(&packet, skb, skb->dev, skb->network_header - (skb->data - skb->head)))
		return 0;
	return deliver_nic(&packet, stamps->hwtstamp);
}

#endif
