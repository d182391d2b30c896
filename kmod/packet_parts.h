/* SPDX-License-Identifier: GPL-2.0-only */
/* What every way of filling a tscope_packet begins and ends with. */
#ifndef TSCOPE_PACKET_PARTS_H
#define TSCOPE_PACKET_PARTS_H

#include <linux/preempt.h>
#include <linux/skbuff.h>

#include "packet.h"

#define TSCOPE_DATAGRAM_HEADER 8	/* of UDP, and of an ICMP echo */

/* TSCOPE_F_SOFTIRQ for a NAPI thread; TSCOPE_F_POLL_UNKNOWN where a poll may be going on or not. */
u32 tscope_flags_outside_softirq(u8 vantage);

static inline void tscope_packet_begin(struct tscope_packet *packet, const struct net *net,
				       u32 ifindex, u32 wire_len)
{
	packet->net = net;
	packet->ifindex = ifindex;
	packet->wire_len = wire_len;
	packet->flags = in_serving_softirq() ? TSCOPE_F_SOFTIRQ : tscope_flags_outside_softirq(packet->vantage);
	packet->kind = TSCOPE_PACKET;
}

/* Headers in one piece of `avail` bytes: all but segs. */
bool tscope_packet_parse(struct tscope_packet *packet, const u8 *header, u32 avail);

#define TSCOPE_HEADER_USUAL	40	/* bytes that most headers have: IPv4 and TCP, IPv6 */

/* In pieces that compile to one move each; only UDP's and ICMP's payload may end in odd bytes. */
static __always_inline void tscope_copy_header(u8 *to, const u8 *from, unsigned int length)
{
	unsigned int at = 0;

	if (likely(length >= TSCOPE_HEADER_USUAL)) {
		memcpy(to, from, TSCOPE_HEADER_USUAL);
		at = TSCOPE_HEADER_USUAL;
	}
	for (; at + sizeof(u64) <= length; at += sizeof(u64))
		memcpy(to + at, from + at, sizeof(u64));
	if (length & sizeof(u32)) {
		memcpy(to + at, from + at, sizeof(u32));
		at += sizeof(u32);
	}
	for (; unlikely(at < length); at++)
		to[at] = from[at];
}

static inline u16 tscope_segments(const struct sk_buff *skb, u32 payload)
{
	const struct skb_shared_info *info = skb_shinfo(skb);

	if (info->gso_segs)
		return info->gso_segs;
	/* A guest's or tun's GSO packet comes without a count. */
	if (info->gso_size && payload > info->gso_size)
		return min_t(u32, DIV_ROUND_UP(payload, info->gso_size), U16_MAX);
	return 1;
}

#endif
