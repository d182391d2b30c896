/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames from and to the driver, and what the NIC's own clock said of them. As kmod/hooks_driver.c has it. */
#ifndef TSCOPE_HOOKS_DRIVER_BPF_H
#define TSCOPE_HOOKS_DRIVER_BPF_H

#include "deliver.bpf.h"
#include "passed.bpf.h"

#define VLAN_TAGS_MAX 2

/* skb->data is behind the Ethernet header, and in front of VLAN tags that nobody took off yet. */
static __always_inline int ip_offset(const struct sk_buff *skb, __u8 vantage)
{
	__u32 linear = skb->len - skb->data_len;
	__be16 protocol = skb->protocol;
	int i, offset = 0;

	for (i = 0; i < VLAN_TAGS_MAX && is_vlan(protocol); i++) {
		__u64 tag = 0;

		if ((__u32)offset + VLAN_HLEN <= linear) {
			read_words(&tag, 1, skb->data + offset);
		} else if (!read_pages(skb, offset, &tag, VLAN_HLEN)) {
			count_unreadable(vantage);
			return -1;
		}
		protocol = tag >> 16;
		offset += VLAN_HLEN;
	}
	return protocol == bpf_htons(ETH_P_IP) || protocol == bpf_htons(ETH_P_IPV6) ? offset : -1;
}

static __always_inline int driver_rx(const struct sk_buff *skb)
{
	struct place from = { .skb = skb };
	const struct net_device *dev = skb->dev;
	struct packet packet;
	__u64 first[FIRST_WORDS];

	if (!device_wanted(dev))
		return 0;
	begin_unstamped(&packet, first, TSCOPE_DRIVER_RX);
	if (at_device(&packet, &from, skb, dev, ip_offset(skb, TSCOPE_DRIVER_RX)))
		deliver_frame(&packet, &from, skb, dev);
	count_passed(TSCOPE_PASSED_RX, skb, dev);
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
	struct tscope_bpf_ring *ring = ring_of(bpf_get_smp_processor_id());

	if (ring)
		ring->napi_polls++;
	return 0;
}

SEC("tp_btf/net_dev_start_xmit")
int BPF_PROG(net_dev_start_xmit, struct sk_buff *skb, struct net_device *dev)
{
	struct place from = { .skb = skb };
	struct packet packet;
	__u64 first[FIRST_WORDS];

	if (!device_wanted(dev))
		return 0;
	begin_unstamped(&packet, first, TSCOPE_DRIVER_TX);
	if (at_device(&packet, &from, skb, dev, network_offset(skb)))
		deliver_frame(&packet, &from, skb, dev);
	count_passed(TSCOPE_PASSED_TX, skb, dev);
	return 0;
}

/* --- the NIC's own clock --- */

/* The driver's private data instead of a time, which only the driver can make one of. */
#define SKBTX_HW_TSTAMP_NETDEV (1 << 5)

static __always_inline int deliver_nic(struct packet *packet, const struct place *from,
				       const struct sk_buff *skb, s64 nic_ns)
{
	struct slot slot;

	if (packet->header_len > TSCOPE_NIC_TIME_AT) {
		packet->header_len = TSCOPE_NIC_TIME_AT;
		packet->flags |= TSCOPE_F_CUT;
	}
	if (!begin_record(&slot, packet))
		return 0;
	put_link(slot.record, packet, from, skb, skb->dev);
	put_headers(&slot, packet, from);
	*(s64 *)(slot.record->header + TSCOPE_NIC_TIME_AT) = nic_ns;
	end_record(&slot);
	return 0;
}

static __always_inline int hw_rx(const struct sk_buff *skb)
{
	const void *info = skb->head + skb->end;
	struct place from = { .skb = skb };
	struct packet packet;
	__u64 first[FIRST_WORDS];

	if (!device_wanted(skb->dev))
		return 0;
	begin_unstamped(&packet, first, TSCOPE_HW_RX);
	if (!at_device(&packet, &from, skb, skb->dev, ip_offset(skb, TSCOPE_HW_RX)))
		return 0;
	if (read_field(struct skb_shared_info, info, tx_flags) & SKBTX_HW_TSTAMP_NETDEV) {
		count_unreadable(TSCOPE_HW_RX);
		return 0;
	}
	return deliver_nic(&packet, &from, skb,
			   read_field(struct skb_shared_info, info, hwtstamps.hwtstamp));
}

AT_RECEIVE(nic, hw_rx)

/* A driver reports what its NIC stamped, if the sending socket asked for it. */
SEC("fentry/skb_tstamp_tx")
int BPF_PROG(skb_tstamp_tx, struct sk_buff *skb, struct skb_shared_hwtstamps *stamps)
{
	struct place from = {};
	struct packet packet;
	__u64 first[FIRST_WORDS];

	if (!stamps || !skb->dev || !device_wanted(skb->dev))
		return 0;
	begin_unstamped(&packet, first, TSCOPE_HW_TX);
	if (!at_device(&packet, &from, skb, skb->dev, network_offset(skb)))
		return 0;
	return deliver_nic(&packet, &from, skb, stamps->hwtstamp);
}

#endif
