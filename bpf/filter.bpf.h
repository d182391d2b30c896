/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TSCOPE_FILTER_BPF_H
#define TSCOPE_FILTER_BPF_H

#include "packet_parts.bpf.h"

/* `ports`: one word, as they are in the packet. */
static __always_inline bool ports_match(__u32 ports)
{
	__u16 port = bpf_htons(config.filter.port);
	bool source = port == (__u16)ports, destination = port == ports >> 16;

	switch (config.filter.port_side) {
	case TSCOPE_PORT_SOURCE:
		return source;
	case TSCOPE_PORT_DESTINATION:
		return destination;
	default:
		return source || destination;
	}
}

/* `address`: 4 or 16 bytes in network order, word by word. */
static __always_inline bool prefix_matches(const __u32 *address, __u32 words)
{
	const volatile __u8 *wanted = config.filter.address;
	__u32 i, bits = config.filter.prefix_len;

	for (i = 0; i < words; i++) {
		__u32 word = (__u32)wanted[4 * i] << 24 | wanted[4 * i + 1] << 16 |
			     wanted[4 * i + 2] << 8 | wanted[4 * i + 3];
		__u32 mask = bits >= 32 ? ~0U : bits ? ~0U << (32 - bits) : 0;

		if ((bpf_ntohl(address[i]) ^ word) & mask)
			return false;
		bits = bits >= 32 ? bits - 32 : 0;
	}
	return true;
}

/* A made-up header whose source is not chosen yet matches: the reader finds out by the route. */
static __always_inline bool address_matches(const struct packet *packet)
{
	bool made_up = packet->flags & TSCOPE_F_SYNTH_IP;

	if (packet->family == AF_INET) {
		const struct iphdr *ip = (const void *)packet->header;

		return prefix_matches(&ip->saddr, 1) || prefix_matches(&ip->daddr, 1) ||
		       (made_up && !ip->saddr);
	} else {
		const struct ipv6hdr *ip = (const void *)packet->header;

		return prefix_matches(ip->saddr, 4) || prefix_matches(ip->daddr, 4) ||
		       (made_up && !(ip->saddr[0] | ip->saddr[1] | ip->saddr[2] | ip->saddr[3]));
	}
}

static __always_inline bool wanted(const struct packet *packet)
{
	if (config.netns && packet->netns != config.netns)
		return false;
	if (config.filter.port && !ports_match(bpf_htons(packet->sport) | (__u32)bpf_htons(packet->dport) << 16))
		return false;
	if (config.filter.family && config.filter.family != packet->family)
		return false;
	/* Without a route there is no device yet. The reader finds out which one it is. */
	if (config.filter.ifindex && packet->ifindex && config.filter.ifindex != packet->ifindex)
		return false;
	return !config.filter.prefix_len || address_matches(packet);
}

#endif
