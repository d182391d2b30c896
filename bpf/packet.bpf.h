/* SPDX-License-Identifier: GPL-2.0-only */
/* From headers in place: at a device, at a TCP socket, at a datagram's handlers. As kmod/packet.c has it. */
#ifndef TSCOPE_PACKET_BPF_H
#define TSCOPE_PACKET_BPF_H

#include "packet_parts.bpf.h"

#define EXTENSION_HEADERS_MAX 4

/* Where a packet's headers are. */
struct place {
	const void *ip;
	__u32 avail;			/* bytes from there on in one piece */
	const struct sk_buff *skb;	/* whose page fragments may be read; NULL: not here */
	__u32 ip_offset;		/* from skb->data */
	bool paged;			/* read from the fragments too */
};

static __always_inline bool read_at(const struct place *from, const struct packet *packet,
				    __u32 offset, __u64 *to, __u32 words)
{
	__u32 length = packet->wire_len - offset;

	if (!from->paged) {
		read_words(to, words, from->ip + offset);
		return true;
	}
	if (length > words * sizeof(*to))
		length = words * sizeof(*to);
	return read_pages(from->skb, from->ip_offset + offset, to, length);
}

/* What lies behind the packet's end is read with it, and means nothing. */
static __always_inline bool read_first(const struct place *from, struct packet *packet)
{
	__u64 *first = (void *)packet->header;

	if (from->paged || !CASTS) {
		__builtin_memset(first, 0, FIRST_READ);
		return read_at(from, packet, 0, first, FIRST_WORDS);
	}
	read_words(first, FIRST_WORDS_V4, from->ip);
	if (packet->header[0] >> 4 == 6)
		read_words(first + FIRST_WORDS_V4, FIRST_WORDS - FIRST_WORDS_V4,
			   from->ip + FIRST_WORDS_V4 * sizeof(*first));
	else
		__builtin_memset(first + FIRST_WORDS_V4, 0,
				 FIRST_READ - FIRST_WORDS_V4 * sizeof(*first));
	return true;
}

/*
 * With fewer bytes in one piece than the least headers have, all is read from page fragments, where
 * programs may. Drivers leave all headers there, or none. Payload alone is not: programs at functions can't
 * read it, and a datagram must look the same everywhere on its way out.
 */
#define PIECE_MIN (sizeof(struct iphdr) + DATAGRAM_HEADER)

static __always_inline void choose_paged(struct place *from, const struct packet *packet)
{
	if (!from->skb || !PAGES || from->avail >= PIECE_MIN || from->avail >= packet->wire_len)
		return;
	from->paged = true;
	from->avail = packet->wire_len;
}

/* Whether the first `need` bytes can be read. */
static __always_inline bool reach(const struct place *from, const struct packet *packet, __u32 need)
{
	if (need <= from->avail)
		return true;
	if (packet->wire_len > from->avail)
		count_unreadable(packet->vantage);
	return false;
}

static __always_inline bool is_transport_v6(__u8 next)
{
	return next == IPPROTO_TCP || next == IPPROTO_UDP || next == IPPROTO_ICMPV6;
}

/* Where the transport header begins behind IPv6's extension headers, and which; 0: not here. */
static __always_inline __u32 skip_extensions(struct place *from, struct packet *packet,
					     __u8 *protocol)
{
	__u32 offset = sizeof(struct ipv6hdr);
	__u8 next = *protocol;
	int i;

	for (i = 0; i < EXTENSION_HEADERS_MAX && !is_transport_v6(next); i++) {
		__u64 word;
		const __u8 *extension = (const void *)&word;

		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING &&
		    next != IPPROTO_DSTOPTS && next != IPPROTO_FRAGMENT)
			return 0;
		if (!reach(from, packet, offset + sizeof(word)) ||
		    !read_at(from, packet, offset, &word, 1))
			return 0;
		if (next == IPPROTO_FRAGMENT && (extension[2] << 8 | extension[3]) & ~7)
			return 0;
		offset += next == IPPROTO_FRAGMENT ? 8 : (extension[1] + 1) * 8;
		next = extension[0];
	}
	*protocol = next;
	return is_transport_v6(next) ? offset : 0;
}

/* From what was read already where it lies where it mostly does; `words` hold no more than TCP's header. */
static __always_inline bool read_transport(const struct place *from, const struct packet *packet,
					   __u32 offset, void *to, __u32 size)
{
	__u64 header[3];

	if (offset == sizeof(struct iphdr)) {
		__builtin_memcpy(to, packet->header + sizeof(struct iphdr), size);
	} else if (offset == sizeof(struct ipv6hdr)) {
		__builtin_memcpy(to, packet->header + sizeof(struct ipv6hdr), size);
	} else {
		__builtin_memset(header, 0, sizeof(header));
		if (!read_at(from, packet, offset, header, size > 16 ? 3 : 1))
			return false;
		__builtin_memcpy(to, header, size);
	}
	return true;
}

static __always_inline bool read_tcp(struct place *from, struct packet *packet, __u32 offset,
				     __u32 total, struct tcphdr *tcp)
{
	__u32 length;

	if (!protocol_wanted(TSCOPE_PROTO_TCP) || offset + sizeof(*tcp) > TSCOPE_HEADER_MAX ||
	    !reach(from, packet, offset + sizeof(*tcp)) ||
	    !read_transport(from, packet, offset, tcp, sizeof(*tcp)) || tcp->doff < 5)
		return false;

	length = offset + tcp->doff * 4;
	packet->payload = total > length ? total - length : 0;
	if (length > TSCOPE_HEADER_MAX) {
		length = TSCOPE_HEADER_MAX;
		packet->flags |= TSCOPE_F_CUT;
	}
	if (length > from->avail) {
		length = from->avail;
		packet->flags |= TSCOPE_F_CUT;
	}
	packet->header_len = length;
	packet->sport = bpf_ntohs(tcp->source);
	packet->dport = bpf_ntohs(tcp->dest);
	packet->seq = bpf_ntohl(tcp->seq);
	packet->seq_end = packet->seq + packet->payload + tcp->syn + tcp->fin;
	return true;
}

/* UDP, or else an ICMP echo. */
static __always_inline bool read_datagram(struct place *from, struct packet *packet, __u32 offset,
					  __u32 total, bool udp)
{
	__u32 length = offset + DATAGRAM_HEADER, data;
	struct udphdr header;

	if (!protocol_wanted(udp ? TSCOPE_PROTO_UDP : TSCOPE_PROTO_ICMP) ||
	    length > TSCOPE_HEADER_MAX || !reach(from, packet, length) ||
	    !read_transport(from, packet, offset, &header, sizeof(header)))
		return false;
	if (udp) {
		packet->sport = bpf_ntohs(header.source);
		packet->dport = bpf_ntohs(header.dest);
	} else if (!is_echo(*(const __u8 *)&header, packet->family)) {
		return false;
	}
	packet->payload = total > length ? total - length : 0;
	data = packet->wire_len - length;
	if (data > packet->payload)
		data = packet->payload;
	length += data < TSCOPE_PAYLOAD_MAX ? data : TSCOPE_PAYLOAD_MAX;
	if (length > TSCOPE_HEADER_MAX)
		length = TSCOPE_HEADER_MAX;
	/* The payload may lie in a fragment. */
	if (length > from->avail)
		length = from->avail;
	packet->header_len = length;
	return true;
}

/* All but segs, of the headers at a place. `finished`: the IP layer has written its length. */
static __always_inline bool read_headers(struct place *from, struct packet *packet,
					 struct tcphdr *tcp, bool finished)
{
	__u32 offset, total;
	__u8 protocol;

	choose_paged(from, packet);
	if (!reach(from, packet, sizeof(struct iphdr)) || !read_first(from, packet))
		return false;
	if (packet->header[0] >> 4 == 4) {
		struct iphdr *ip4 = (void *)packet->header;

		protocol = ip4->protocol;
		if (ip4->ihl < 5 || ip4->frag_off & bpf_htons(IP_OFFSET) ||
		    protocol == IPPROTO_ICMPV6)
			return false;
		if (!finished) {
			ip4->tot_len = bpf_htons(packet->wire_len < 0xffff ? packet->wire_len : 0xffff);
			ip4->check = 0;
		}
		packet->family = AF_INET;
		offset = ip4->ihl * 4;
		total = bpf_ntohs(ip4->tot_len);
	} else if (packet->header[0] >> 4 == 6) {
		struct ipv6hdr *ip6 = (void *)packet->header;

		if (!reach(from, packet, sizeof(*ip6)))
			return false;
		if (!finished) {
			__u32 length = packet->wire_len - sizeof(*ip6);

			ip6->payload_len = bpf_htons(length < 0xffff ? length : 0xffff);
		}
		packet->family = AF_INET6;
		offset = sizeof(*ip6);
		protocol = ip6->nexthdr;
		total = bpf_ntohs(ip6->payload_len);
		if (total)
			total += sizeof(*ip6);
		if (!is_transport_v6(protocol))
			offset = skip_extensions(from, packet, &protocol);
		if (!offset)
			return false;
	} else {
		return false;
	}
	if (!total)
		total = packet->wire_len;
	switch (protocol) {
	case IPPROTO_TCP:
		return read_tcp(from, packet, offset, total, tcp);
	case IPPROTO_UDP:
		return read_datagram(from, packet, offset, total, true);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return read_datagram(from, packet, offset, total, false);
	default:
		return false;
	}
}

#endif
