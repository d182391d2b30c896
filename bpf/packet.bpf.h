/* SPDX-License-Identifier: GPL-2.0-only */
/* From headers in place: at a device, at a TCP socket, at a datagram's handlers. As kmod/packet.c has it. */
#ifndef TSCOPE_PACKET_BPF_H
#define TSCOPE_PACKET_BPF_H

#include "packet_parts.bpf.h"

/* Most headers fit: IPv6, TCP and its usual options are 72 bytes. */
#define FIRST_READ 80
#define EXTENSION_HEADERS_MAX 4

static __always_inline bool is_transport_v6(__u8 next)
{
	return next == IPPROTO_TCP || next == IPPROTO_UDP || next == IPPROTO_ICMPV6;
}

/* Where the transport header begins behind IPv6's extension headers, and which; 0: not here. */
static __always_inline __u32 skip_extensions(const struct packet *packet, const void *ip,
					     __u32 avail, __u8 *protocol)
{
	__u32 offset = sizeof(struct ipv6hdr);
	__u8 next = *protocol;
	int i;

	for (i = 0; i < EXTENSION_HEADERS_MAX && !is_transport_v6(next); i++) {
		__u8 extension[8];

		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING &&
		    next != IPPROTO_DSTOPTS && next != IPPROTO_FRAGMENT)
			return 0;
		if (avail < offset + sizeof(extension)) {
			ends_here(packet, avail);
			return 0;
		}
		if (bpf_probe_read_kernel(extension, sizeof(extension), ip + offset))
			return 0;
		if (next == IPPROTO_FRAGMENT && (extension[2] << 8 | extension[3]) & ~7)
			return 0;
		offset += next == IPPROTO_FRAGMENT ? 8 : (extension[1] + 1) * 8;
		next = extension[0];
	}
	*protocol = next;
	return is_transport_v6(next) ? offset : 0;
}

/* From what was read already where it lies where it mostly does. */
static __always_inline bool read_transport(const struct packet *packet, const void *ip,
					   __u32 offset, void *to, __u32 size)
{
	if (offset == sizeof(struct iphdr))
		__builtin_memcpy(to, packet->header + sizeof(struct iphdr), size);
	else if (offset == sizeof(struct ipv6hdr))
		__builtin_memcpy(to, packet->header + sizeof(struct ipv6hdr), size);
	else
		return !bpf_probe_read_kernel(to, size, ip + offset);
	return true;
}

/* header_len bytes are to be kept: reads what the first read left out. */
static __always_inline void read_rest(struct packet *packet, const void *ip)
{
	__u32 rest = packet->header_len - FIRST_READ;

	if (packet->header_len <= FIRST_READ)
		return;
	barrier_var(rest);
	if (rest > TSCOPE_HEADER_MAX - FIRST_READ)
		rest = TSCOPE_HEADER_MAX - FIRST_READ;
	barrier_var(rest);
	bpf_probe_read_kernel(packet->header + FIRST_READ, rest, ip + FIRST_READ);
}

static __always_inline bool read_tcp(struct packet *packet, const void *ip, __u32 avail,
				     __u32 offset, __u32 total, struct tcphdr *tcp)
{
	__u32 length;

	if (!protocol_wanted(TSCOPE_PROTO_TCP) || offset + sizeof(*tcp) > TSCOPE_HEADER_MAX)
		return false;
	if (offset + sizeof(*tcp) > avail)
		return ends_here(packet, avail);
	if (!read_transport(packet, ip, offset, tcp, sizeof(*tcp)))
		return unreadable_here(packet);
	if (tcp->doff < 5)
		return false;

	length = offset + tcp->doff * 4;
	packet->payload = total > length ? total - length : 0;
	if (length > avail || length > TSCOPE_HEADER_MAX) {
		length = avail < TSCOPE_HEADER_MAX ? avail : TSCOPE_HEADER_MAX;
		packet->flags |= TSCOPE_F_CUT;
	}
	packet->header_len = length;
	read_rest(packet, ip);
	packet->sport = bpf_ntohs(tcp->source);
	packet->dport = bpf_ntohs(tcp->dest);
	packet->seq = bpf_ntohl(tcp->seq);
	packet->seq_end = packet->seq + packet->payload + tcp->syn + tcp->fin;
	return true;
}

/* UDP, or else an ICMP echo. */
static __always_inline bool read_datagram(struct packet *packet, const void *ip, __u32 avail,
					  __u32 offset, __u32 total, bool udp)
{
	__u32 length = offset + DATAGRAM_HEADER, data;
	struct udphdr header;

	if (!protocol_wanted(udp ? TSCOPE_PROTO_UDP : TSCOPE_PROTO_ICMP) ||
	    length > TSCOPE_HEADER_MAX)
		return false;
	if (length > avail)
		return ends_here(packet, avail);
	if (!read_transport(packet, ip, offset, &header, sizeof(header)))
		return unreadable_here(packet);
	if (udp) {
		packet->sport = bpf_ntohs(header.source);
		packet->dport = bpf_ntohs(header.dest);
	} else if (!is_echo(*(const __u8 *)&header, packet->family)) {
		return false;
	}
	packet->payload = total > length ? total - length : 0;
	data = packet->payload < TSCOPE_PAYLOAD_MAX ? packet->payload : TSCOPE_PAYLOAD_MAX;
	length += data;
	/* The payload may lie in a fragment, or be less than its length says. */
	if (length > avail)
		length = avail;
	if (length > TSCOPE_HEADER_MAX)
		length = TSCOPE_HEADER_MAX;
	packet->header_len = length;
	read_rest(packet, ip);
	return true;
}

/*
 * Reads what is at `ip`, of which `avail` bytes can be read. `finished`: the IP layer has written
 * its length.
 */
static __always_inline bool read_headers(struct packet *packet, const void *ip, __u32 avail,
					 struct tcphdr *tcp, bool finished)
{
	__u8 version, protocol;
	__u32 n = avail, offset, total;

	/* Older verifiers lose sight of a bound that the compiler checks on a copy. */
	barrier_var(n);
	if (n > FIRST_READ)
		n = FIRST_READ;
	barrier_var(n);
	if (n < sizeof(struct iphdr))
		return ends_here(packet, avail);
	if (bpf_probe_read_kernel(packet->header, n, ip))
		return false;
	version = packet->header[0] >> 4;
	if (version == 4) {
		struct iphdr *ip4 = (void *)packet->header;

		if (ip4->ihl < 5 || ip4->frag_off & bpf_htons(IP_OFFSET))
			return false;
		if (!finished) {
			ip4->tot_len = bpf_htons(packet->wire_len < 0xffff ? packet->wire_len : 0xffff);
			ip4->check = 0;
		}
		protocol = ip4->protocol;
		if (protocol == IPPROTO_ICMPV6)
			return false;
		packet->family = AF_INET;
		offset = ip4->ihl * 4;
		total = bpf_ntohs(ip4->tot_len);
	} else if (version == 6) {
		struct ipv6hdr *ip6 = (void *)packet->header;

		if (!finished) {
			__u32 length = packet->wire_len - sizeof(*ip6);

			ip6->payload_len = bpf_htons(length < 0xffff ? length : 0xffff);
		}
		packet->family = AF_INET6;
		offset = sizeof(*ip6);
		protocol = ip6->nexthdr;
		if (!is_transport_v6(protocol))
			offset = skip_extensions(packet, ip, avail, &protocol);
		if (!offset)
			return false;
		total = bpf_ntohs(ip6->payload_len);
		if (total)
			total += sizeof(*ip6);
	} else {
		return false;
	}
	if (!total)
		total = packet->wire_len;
	switch (protocol) {
	case IPPROTO_TCP:
		return read_tcp(packet, ip, avail, offset, total, tcp);
	case IPPROTO_UDP:
		return read_datagram(packet, ip, avail, offset, total, true);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return read_datagram(packet, ip, avail, offset, total, false);
	default:
		return false;
	}
}

static __always_inline void read_link(struct packet *packet, const struct sk_buff *skb,
				      const struct net_device *dev, const void *ip)
{
	const void *mac = skb->head + skb->mac_header;

	if (dev->type != ARPHRD_ETHER && dev->type != ARPHRD_LOOPBACK)
		return;
	if (skb->mac_header == (__u16)~0U || mac + ETH_HLEN > ip)
		return;
	if (!bpf_probe_read_kernel(packet->link, TSCOPE_LINK_MAX, mac))
		packet->flags |= TSCOPE_F_LINK;
}

/* At a device: IP header at `offset` from skb->data. */
static __always_inline bool at_device(struct packet *packet, const struct sk_buff *skb,
				      const struct net_device *dev, int offset)
{
	const void *ip = skb->data + offset;
	__u32 linear = skb->len - skb->data_len;
	struct tcphdr tcp;

	if (offset < 0 || (__u32)offset >= skb->len)
		return false;
	packet->netns = netns_number(dev->nd_net.net);
	packet->ifindex = dev->ifindex;
	packet->wire_len = skb->len - offset;
	if (!read_headers(packet, ip, (__u32)offset < linear ? linear - offset : 0, &tcp,
			  true))
		return false;
	read_link(packet, skb, dev, ip);
	packet->segs = segments(skb, packet->payload);
	return true;
}

/* At a TCP socket: control block filled, both headers in place. */
static __always_inline bool at_socket(struct packet *packet, const struct sk_buff *skb,
				      const struct sock *sk)
{
	const struct tcp_skb_cb *cb = (const void *)skb->cb;
	const void *ip = skb->head + skb->network_header;
	__u32 linear = skb->tail - skb->network_header;
	__u32 tcp_offset = skb->transport_header - skb->network_header;
	__u32 ack_seq = BPF_CORE_READ(cb, ack_seq);
	struct tcphdr tcp;

	packet->netns = netns_number(sk->__sk_common.skc_net.net);
	packet->ifindex = skb->skb_iif;
	packet->wire_len = skb->len + (skb->data - (unsigned char *)ip);
	if (!read_headers(packet, ip, linear, &tcp, true))
		return false;
	packet->seq = BPF_CORE_READ(cb, seq);
	packet->seq_end = BPF_CORE_READ(cb, end_seq);
	packet->segs = segments(skb, packet->payload);

	/* tcp_add_backlog() leaves the first ACK's number in the header of a merged one. */
	if (tcp.ack && bpf_ntohl(tcp.ack_seq) != ack_seq) {
		tcp_offset += 8;
		if (tcp_offset <= TSCOPE_HEADER_MAX - 4) {
			ack_seq = bpf_htonl(ack_seq);
			__builtin_memcpy(packet->header + tcp_offset, &ack_seq, 4);
		}
		packet->flags |= TSCOPE_F_COALESCED;
	}
	return true;
}

/* UDP and ICMP behind the IP layer (`finished`) or on the way into it. */
static __always_inline bool datagram(struct packet *packet, const struct sk_buff *skb,
				     const struct net *net, __u32 ifindex, bool finished)
{
	const void *ip = skb->head + skb->network_header;
	struct tcphdr tcp;

	packet->netns = netns_number(net);
	packet->ifindex = ifindex;
	packet->wire_len = skb->len + (skb->data - (unsigned char *)ip);
	if (!read_headers(packet, ip, skb->tail - skb->network_header, &tcp, finished))
		return false;
	packet->segs = segments(skb, packet->payload);
	return true;
}

#endif
