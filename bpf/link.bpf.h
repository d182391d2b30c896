/* SPDX-License-Identifier: GPL-2.0-only */
/* The Ethernet header and the VLAN tag of a frame at a device, into its record. As kmod/packet.c has it. */
#ifndef TSCOPE_LINK_BPF_H
#define TSCOPE_LINK_BPF_H

#include "packet.bpf.h"

static __always_inline bool is_vlan(__be16 ethertype)
{
	return ethertype == bpf_htons(ETH_P_8021Q) || ethertype == bpf_htons(ETH_P_8021AD);
}

static __always_inline bool has_tag_beside(const struct sk_buff *skb)
{
	const struct sk_buff___before_6_2 *before = (const void *)skb;

	if (bpf_core_field_exists(skb->vlan_all))
		return skb->vlan_all;
	return BPF_CORE_READ_BITFIELD(before, vlan_present);
}

static __always_inline void put_tag(struct tscope_record *record, __be16 ethertype, __u16 tci)
{
	record->vlan_tci = tci;
	record->flags |= TSCOPE_F_VLAN;
	if (ethertype == bpf_htons(ETH_P_8021AD))
		record->flags |= TSCOPE_F_VLAN_AD;
}

/* With the outermost tag: one taken out of the frame stood before those still in it. */
static __always_inline void put_link(struct tscope_record *record, const struct packet *packet,
				     const struct place *from, const struct sk_buff *skb,
				     const struct net_device *dev)
{
	const void *mac = skb->head + skb->mac_header;
	__u32 *link = (__u32 *)record->link;
	bool beside = has_tag_beside(skb);
	__u64 words[2] = {};
	__be16 next;

	if (beside)
		put_tag(record, skb->vlan_proto, skb->vlan_tci);
	if (dev->type != ARPHRD_ETHER && dev->type != ARPHRD_LOOPBACK)
		return;
	if (skb->mac_header == (__u16)~0U || mac + ETH_HLEN > from->ip)
		return;
	record->flags |= TSCOPE_F_LINK;
	read_words(words, 2, mac);
	next = words[1] >> 32;
	link[0] = words[0];
	link[1] = words[0] >> 32;
	link[2] = words[1];
	*(__be16 *)(record->link + 12) = bpf_htons(packet->family == AF_INET ? ETH_P_IP : ETH_P_IPV6);
	if (!beside && mac + ETH_HLEN + VLAN_HLEN <= from->ip && is_vlan(next))
		put_tag(record, next, bpf_ntohs((__be16)(words[1] >> 48)));
}

#endif
