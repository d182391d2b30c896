/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A packet at a device, at a TCP socket, at a datagram's handlers: its headers are where they are,
 * and are looked at only as far as it takes to know whether it is wanted. Then it is stamped.
 */
#ifndef TSCOPE_PACKET_PLACES_BPF_H
#define TSCOPE_PACKET_PLACES_BPF_H

#include "filter.bpf.h"
#include "packet.bpf.h"

/*
 * Where a port is asked for, most packets have another one, at the usual place behind an IP header without
 * options: then no more is looked at. What is not sure is left to read_headers().
 */
static __always_inline bool has_other_port(const struct place *from)
{
	const __u64 *word;
	__u8 protocol;
	__u32 ports;

	if (!CASTS || !config.filter.port || from->avail < sizeof(struct ipv6hdr) + sizeof(ports))
		return false;
	word = words_at(from->ip);
	if ((__u8)word[0] == 0x45) {
		protocol = word[1] >> 8;
		ports = word[2] >> 32;
	} else if ((__u8)word[0] >> 4 == 6) {
		protocol = word[0] >> 48;
		ports = word[5];
	} else {
		return false;
	}
	return (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP) && !ports_match(ports);
}

static __always_inline bool is_wanted_now(struct place *from, struct packet *packet,
					  struct tcphdr *tcp, bool finished)
{
	if (has_other_port(from) || !read_headers(from, packet, tcp, finished) || !wanted(packet))
		return false;
	packet->stamp = now();
	return true;
}

static __always_inline int network_offset(const struct sk_buff *skb)
{
	return skb->network_header - (skb->data - skb->head);
}

/* At a device: IP header at `offset` from skb->data. The skb is the argument of a BTF tracepoint. */
static __always_inline bool at_device(struct packet *packet, struct place *from,
				      const struct sk_buff *skb, const struct net_device *dev,
				      int offset)
{
	__u32 linear = skb->len - skb->data_len;
	struct tcphdr tcp;

	if (offset < 0 || (__u32)offset >= skb->len)
		return false;
	packet->netns = netns_number(dev->nd_net.net);
	packet->ifindex = dev->ifindex;
	packet->wire_len = skb->len - offset;
	from->ip = skb->data + offset;
	from->avail = (__u32)offset < linear ? linear - offset : 0;
	from->ip_offset = offset;
	if (!is_wanted_now(from, packet, &tcp, true))
		return false;
	packet->segs = segments(skb, packet->payload);
	return true;
}

/* Behind the link layer: the IP header is where skb->network_header says. */
static __always_inline void at_network_header(struct packet *packet, struct place *from,
					      const struct sk_buff *skb, const struct net *net,
					      __u32 ifindex)
{
	packet->netns = netns_number(net);
	packet->ifindex = ifindex;
	from->ip = skb->head + skb->network_header;
	from->avail = skb->tail - skb->network_header;
	packet->wire_len = skb->len + (skb->data - (unsigned char *)from->ip);
}

/* At a TCP socket: control block filled, both headers in place. */
static __always_inline bool at_socket(struct packet *packet, struct place *from,
				      const struct sk_buff *skb, const struct sock *sk)
{
	__u32 ack_seq = read_field(struct tcp_skb_cb, skb->cb, ack_seq);
	struct tcphdr tcp = {};

	at_network_header(packet, from, skb, sk->__sk_common.skc_net.net, skb->skb_iif);
	if (!is_wanted_now(from, packet, &tcp, true))
		return false;
	packet->seq = read_field(struct tcp_skb_cb, skb->cb, seq);
	packet->seq_end = read_field(struct tcp_skb_cb, skb->cb, end_seq);
	packet->segs = segments(skb, packet->payload);
	if (tcp.ack && bpf_ntohl(tcp.ack_seq) != ack_seq)
		packet->flags |= TSCOPE_F_COALESCED;
	return true;
}

/* UDP and ICMP behind the IP layer (`finished`) or on the way into it. */
static __always_inline bool datagram(struct packet *packet, struct place *from,
				     const struct sk_buff *skb, const struct net *net,
				     __u32 ifindex, bool finished)
{
	struct tcphdr tcp;

	at_network_header(packet, from, skb, net, ifindex);
	if (!is_wanted_now(from, packet, &tcp, finished))
		return false;
	packet->segs = segments(skb, packet->payload);
	return true;
}

#endif
