// SPDX-License-Identifier: GPL-2.0-only
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/sched.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/dst.h>
#include <net/tcp.h>

#include "packet_device.h"
#include "packet_socket.h"

/*
 * A NAPI thread polls with soft interrupts off, as in one. Another process that receives with them off may
 * be polling (SO_BUSY_POLL), or hand a frame in (tun).
 */
u32 tscope_flags_outside_softirq(u8 vantage)
{
	const bool receives = vantage == TSCOPE_DRIVER_RX || vantage == TSCOPE_HW_RX ||
			      vantage == TSCOPE_SOCKET_RX;

	if (!in_softirq() || in_hardirq())
		return 0;
	if (current->flags & PF_KTHREAD && !strncmp(current->comm, "napi/", 5))
		return TSCOPE_F_SOFTIRQ;
	return receives ? TSCOPE_F_POLL_UNKNOWN : 0;
}

bool tscope_packet_parse(struct tscope_packet *packet, const u8 *header, u32 avail)
{
	return tscope_parse(packet, header, avail) == TSCOPE_PARSED;
}

/* IP header at `offset` from skb->data, before it or behind it; what lies in fragments is copied. */
static bool look(struct tscope_packet *packet, const struct sk_buff *skb, int offset)
{
	int linear = max((int)skb_headlen(skb) - offset, 0);
	int want = min_t(u32, packet->wire_len, TSCOPE_HEADER_MAX);
	enum tscope_parsed parsed = tscope_parse(packet, skb->data + offset, linear);

	if (parsed == TSCOPE_NEED_MORE && linear < want) {
		if (skb_copy_bits(skb, offset, packet->buffer, want))
			return false;
		parsed = tscope_parse(packet, packet->buffer, want);
	}
	return parsed == TSCOPE_PARSED;
}

bool tscope_packet_at_device(struct tscope_packet *packet, const struct sk_buff *skb,
			     const struct net_device *dev, int offset)
{
	enum tscope_parsed parsed = tscope_look_at_device(packet, skb, dev, offset);

	if (parsed != TSCOPE_NEED_MORE)
		return parsed == TSCOPE_PARSED;
	if (!look(packet, skb, offset))
		return false;
	tscope_look_at_link(packet, skb, dev, offset);
	packet->segs = tscope_segments(skb, packet->payload);
	return true;
}

bool tscope_packet_at_socket(struct tscope_packet *packet, const struct sk_buff *skb,
			     const struct sock *sk)
{
	const u32 tcp_offset = skb_transport_header(skb) - skb_network_header(skb);

	switch (tscope_look_at_socket(packet, skb, sk)) {
	case TSCOPE_PARSED:
		return true;
	case TSCOPE_NOT_OURS:
		return false;
	default:
		break;
	}
	/* tcp_add_backlog() leaves the first ACK's number in the header of a merged one. */
	memcpy(packet->buffer, packet->header, packet->header_len);
	((struct tcphdr *)(packet->buffer + tcp_offset))->ack_seq = htonl(TCP_SKB_CB(skb)->ack_seq);
	packet->header = packet->buffer;
	packet->flags |= TSCOPE_F_COALESCED;
	return true;
}

bool tscope_packet_of_datagram(struct tscope_packet *packet, const struct sk_buff *skb,
			       const struct net *net)
{
	int offset = skb_network_offset(skb);

	tscope_packet_begin(packet, net, skb->skb_iif, skb->len - offset);
	if (!look(packet, skb, offset))
		return false;
	packet->segs = tscope_segments(skb, packet->payload);
	return true;
}

bool tscope_packet_into_ip(struct tscope_packet *packet, const struct sk_buff *skb,
			   const struct net *net)
{
	struct ipv6hdr *ip6 = (struct ipv6hdr *)packet->buffer;
	struct iphdr *ip = (struct iphdr *)packet->buffer;
	const struct dst_entry *dst = skb_dst(skb);
	int offset = skb_network_offset(skb);
	u32 len = skb->len - offset;
	u32 want = min_t(u32, len, TSCOPE_HEADER_MAX);

	if (want < sizeof(*ip) || skb_copy_bits(skb, offset, packet->buffer, want))
		return false;
	if (ip->version == 4) {
		ip->tot_len = htons(min_t(u32, len, U16_MAX));
		ip->check = 0;
	} else if (want >= sizeof(*ip6)) {
		ip6->payload_len = htons(min_t(u32, len - sizeof(*ip6), U16_MAX));
	}
	tscope_packet_begin(packet, net, dst && dst->dev ? dst->dev->ifindex : 0, len);
	if (tscope_parse(packet, packet->buffer, want) != TSCOPE_PARSED)
		return false;
	packet->segs = tscope_segments(skb, packet->payload);
	return true;
}
