/* SPDX-License-Identifier: GPL-2.0-only */
/* A frame at a device. */
#ifndef TSCOPE_PACKET_DEVICE_H
#define TSCOPE_PACKET_DEVICE_H

#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>

#include "packet_parse.h"

static __always_inline void tscope_note_tag(struct tscope_packet *packet, __be16 protocol, u16 tci)
{
	packet->vlan_tci = tci;
	packet->flags |= TSCOPE_F_VLAN | (protocol == htons(ETH_P_8021AD) ? TSCOPE_F_VLAN_AD : 0);
}

/* The Ethernet header, and the outermost tag: one taken out of the frame stood before those still in it. */
static __always_inline void tscope_look_at_link(struct tscope_packet *packet, const struct sk_buff *skb,
			 const struct net_device *dev, int offset)
{
	const u8 *ip = skb->data + offset;
	const struct vlan_ethhdr *mac;

	if (skb_vlan_tag_present(skb))
		tscope_note_tag(packet, skb->vlan_proto, skb_vlan_tag_get(skb));
	if (dev->type != ARPHRD_ETHER && dev->type != ARPHRD_LOOPBACK)
		return;
	if (!skb_mac_header_was_set(skb) || skb_mac_header(skb) + ETH_HLEN > ip)
		return;
	packet->link = skb_mac_header(skb);
	packet->flags |= TSCOPE_F_LINK;
	mac = (const struct vlan_ethhdr *)packet->link;
	if (!skb_vlan_tag_present(skb) && packet->link + VLAN_ETH_HLEN <= ip &&
	    eth_type_vlan(mac->h_vlan_proto))
		tscope_note_tag(packet, mac->h_vlan_proto, ntohs(mac->h_vlan_TCI));
}

/* IP header at `offset` from skb->data; TSCOPE_NEED_MORE if the headers don't lie in one piece. */
static __always_inline enum tscope_parsed
tscope_look_at_device(struct tscope_packet *packet, const struct sk_buff *skb,
		      const struct net_device *dev, int offset)
{
	enum tscope_parsed parsed;

	if (offset < 0 || offset >= skb->len)
		return TSCOPE_NOT_OURS;
	tscope_packet_begin(packet, dev_net(dev), dev->ifindex, skb->len - offset);
	parsed = tscope_parse(packet, skb->data + offset, max((int)skb_headlen(skb) - offset, 0));
	if (parsed != TSCOPE_PARSED)
		return parsed;
	tscope_look_at_link(packet, skb, dev, offset);
	packet->segs = tscope_segments(skb, packet->payload);
	return TSCOPE_PARSED;
}

#endif
