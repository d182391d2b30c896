/* SPDX-License-Identifier: GPL-2.0-only */
/* What the headers of a packet say. Inline: a packet whose address goes nowhere stays in registers. */
#ifndef TSCOPE_PACKET_PARSE_H
#define TSCOPE_PACKET_PARSE_H

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ipv6.h>

#include "hooks.h"
#include "packet_parts.h"

#define TSCOPE_EXTENSION_HEADERS_MAX 4

enum tscope_parsed {
	TSCOPE_PARSED,
	TSCOPE_NOT_OURS,
	TSCOPE_NEED_MORE,	/* bytes, to tell */
};

/* Where the transport header is, and what it is. */
struct tscope_transport {
	u32 offset;
	u32 ip_payload;
	u8 protocol;	/* as the IP header has it */
};

static __always_inline enum tscope_parsed tscope_find_v4(struct tscope_packet *packet, const u8 *header, u32 avail,
			   struct tscope_transport *transport)
{
	const struct iphdr *ip = (const struct iphdr *)header;
	u32 total;

	if (avail < sizeof(*ip))
		return TSCOPE_NEED_MORE;
	if (ip->ihl < 5 || (ip->frag_off & htons(IP_OFFSET)) || ip->protocol == IPPROTO_ICMPV6)
		return TSCOPE_NOT_OURS;
	transport->protocol = ip->protocol;
	transport->offset = ip->ihl * 4;
	total = ntohs(ip->tot_len) ?: packet->wire_len;
	transport->ip_payload = total > transport->offset ? total - transport->offset : 0;
	packet->family = AF_INET;
	return TSCOPE_PARSED;
}

static __always_inline bool tscope_is_transport_v6(u8 next)
{
	return next == IPPROTO_TCP || next == IPPROTO_UDP || next == IPPROTO_ICMPV6;
}

static __always_inline enum tscope_parsed tscope_find_v6(struct tscope_packet *packet, const u8 *header, u32 avail,
			   struct tscope_transport *transport)
{
	const struct ipv6hdr *ip = (const struct ipv6hdr *)header;
	u32 total, offset = sizeof(*ip);
	u8 next;
	int i;

	if (avail < sizeof(*ip))
		return TSCOPE_NEED_MORE;
	next = ip->nexthdr;
	for (i = 0; i < TSCOPE_EXTENSION_HEADERS_MAX && !tscope_is_transport_v6(next); i++) {
		const u8 *extension = header + offset;

		if (next != NEXTHDR_HOP && next != NEXTHDR_ROUTING && next != NEXTHDR_DEST &&
		    next != NEXTHDR_FRAGMENT)
			return TSCOPE_NOT_OURS;
		if (avail < offset + 8)
			return TSCOPE_NEED_MORE;
		if (next == NEXTHDR_FRAGMENT && ntohs(*(const __be16 *)(extension + 2)) & ~7)
			return TSCOPE_NOT_OURS;
		offset += next == NEXTHDR_FRAGMENT ? 8 : (extension[1] + 1) * 8;
		next = extension[0];
	}
	if (!tscope_is_transport_v6(next))
		return TSCOPE_NOT_OURS;
	transport->protocol = next;
	transport->offset = offset;
	total = ip->payload_len ? ntohs(ip->payload_len) + sizeof(*ip) : packet->wire_len;
	transport->ip_payload = total > offset ? total - offset : 0;
	packet->family = AF_INET6;
	return TSCOPE_PARSED;
}

static __always_inline enum tscope_parsed tscope_parse_tcp(struct tscope_packet *packet, const u8 *header, u32 avail,
			     const struct tscope_transport *transport)
{
	const struct tcphdr *tcp = (const struct tcphdr *)(header + transport->offset);
	u32 length;

	if (transport->offset + sizeof(*tcp) > TSCOPE_HEADER_MAX)
		return TSCOPE_NOT_OURS;
	if (avail < transport->offset + sizeof(*tcp))
		return TSCOPE_NEED_MORE;
	if (tcp->doff < 5)
		return TSCOPE_NOT_OURS;

	length = tcp->doff * 4;
	packet->payload = transport->ip_payload > length ? transport->ip_payload - length : 0;
	length += transport->offset;
	if (length > avail && avail < TSCOPE_HEADER_MAX)
		return TSCOPE_NEED_MORE;
	if (length > TSCOPE_HEADER_MAX) {
		length = TSCOPE_HEADER_MAX;
		packet->flags |= TSCOPE_F_CUT;
	}
	packet->protocol = TSCOPE_PROTO_TCP;
	packet->header = header;
	packet->header_len = length;
	packet->sport = ntohs(tcp->source);
	packet->dport = ntohs(tcp->dest);
	packet->seq = ntohl(tcp->seq);
	packet->seq_end = packet->seq + packet->payload + tcp->syn + tcp->fin;
	return TSCOPE_PARSED;
}

static __always_inline bool tscope_is_echo(const u8 *icmp, u8 family)
{
	if (family == AF_INET)
		return icmp[0] == ICMP_ECHO || icmp[0] == ICMP_ECHOREPLY;
	return icmp[0] == ICMPV6_ECHO_REQUEST || icmp[0] == ICMPV6_ECHO_REPLY;
}

static __always_inline enum tscope_parsed tscope_parse_datagram(struct tscope_packet *packet, const u8 *header, u32 avail,
				  const struct tscope_transport *transport)
{
	const u8 *datagram = header + transport->offset;
	u32 length = transport->offset + TSCOPE_DATAGRAM_HEADER;

	if (length > TSCOPE_HEADER_MAX)
		return TSCOPE_NOT_OURS;
	if (avail < length)
		return TSCOPE_NEED_MORE;
	packet->sport = 0;
	packet->dport = 0;
	if (transport->protocol == IPPROTO_UDP) {
		const struct udphdr *udp = (const struct udphdr *)datagram;

		packet->protocol = TSCOPE_PROTO_UDP;
		packet->sport = ntohs(udp->source);
		packet->dport = ntohs(udp->dest);
	} else if (tscope_is_echo(datagram, packet->family)) {
		packet->protocol = TSCOPE_PROTO_ICMP;
	} else {
		return TSCOPE_NOT_OURS;
	}
	packet->payload = transport->ip_payload > TSCOPE_DATAGRAM_HEADER ?
			  transport->ip_payload - TSCOPE_DATAGRAM_HEADER : 0;
	/* A length that lies does not make bytes. */
	if (packet->wire_len > length)
		length += min3(packet->payload, packet->wire_len - length, (u32)TSCOPE_PAYLOAD_MAX);
	length = min_t(u32, length, TSCOPE_HEADER_MAX);
	if (length > avail)
		return TSCOPE_NEED_MORE;
	packet->header = header;
	packet->header_len = length;
	packet->seq = 0;
	packet->seq_end = 0;
	return TSCOPE_PARSED;
}

/* Headers in one piece of `avail` bytes: all of the packet but link, segs and what its begin gave. */
static __always_inline enum tscope_parsed tscope_parse(struct tscope_packet *packet, const u8 *header, u32 avail)
{
	u8 wanted = READ_ONCE(tscope_wanted_protocols);
	struct tscope_transport transport;
	enum tscope_parsed parsed;

	if (!avail)
		return TSCOPE_NEED_MORE;
	switch (header[0] >> 4) {
	case 4:
		parsed = tscope_find_v4(packet, header, avail, &transport);
		break;
	case 6:
		parsed = tscope_find_v6(packet, header, avail, &transport);
		break;
	default:
		return TSCOPE_NOT_OURS;
	}
	if (parsed != TSCOPE_PARSED)
		return parsed;
	switch (transport.protocol) {
	case IPPROTO_TCP:
		return wanted & TSCOPE_PROTO_TCP ? tscope_parse_tcp(packet, header, avail, &transport)
						 : TSCOPE_NOT_OURS;
	case IPPROTO_UDP:
		if (!(wanted & TSCOPE_PROTO_UDP))
			return TSCOPE_NOT_OURS;
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		if (!(wanted & TSCOPE_PROTO_ICMP))
			return TSCOPE_NOT_OURS;
		break;
	default:
		return TSCOPE_NOT_OURS;
	}
	return tscope_parse_datagram(packet, header, avail, &transport);
}

#endif
