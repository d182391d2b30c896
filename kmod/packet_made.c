// SPDX-License-Identifier: GPL-2.0-only
/* Headers made up from a socket, where a layer has none yet or none any more. */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/socket.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/dst.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>

#include "packet_parts.h"

static u32 socket_ifindex(const struct sock *sk)
{
	/* A hook's preemption is off. */
	const struct dst_entry *dst = rcu_dereference_sched(sk->sk_dst_cache);

	return dst && dst->dev ? dst->dev->ifindex : sk->sk_bound_dev_if;
}

/* Where what the socket gets comes in: not always where its answers leave. */
static u32 receive_ifindex(const struct sock *sk)
{
	return READ_ONCE(sk->sk_rx_dst_ifindex) ?: socket_ifindex(sk);
}

static const void *local_address(const struct sock *sk, u8 family)
{
	if (family == AF_INET)
		return &inet_sk(sk)->inet_saddr;
#if IS_ENABLED(CONFIG_IPV6)
	if (ipv6_addr_any(&sk->sk_v6_rcv_saddr) && inet6_sk(sk))
		return &inet6_sk(sk)->saddr;
	return &sk->sk_v6_rcv_saddr;
#else
	return &in6addr_any;
#endif
}

static const void *remote_address(const struct sock *sk, u8 family)
{
	if (family == AF_INET)
		return &inet_sk(sk)->inet_daddr;
#if IS_ENABLED(CONFIG_IPV6)
	return &sk->sk_v6_daddr;
#else
	return &in6addr_any;
#endif
}

/* Addresses of 4 or 16 bytes. Gives the header's length. */
static u32 make_ip_header(struct tscope_packet *packet, u8 family, u8 protocol,
			  const void *saddr, const void *daddr)
{
	struct ipv6hdr *ip6 = (struct ipv6hdr *)packet->buffer;
	struct iphdr *ip = (struct iphdr *)packet->buffer;

	packet->family = family;
	packet->header = packet->buffer;
	packet->flags |= TSCOPE_F_SYNTH_IP;
	if (family == AF_INET) {
		*ip = (struct iphdr) { .version = 4, .ihl = 5, .ttl = 64, .protocol = protocol };
		memcpy(&ip->saddr, saddr, sizeof(ip->saddr));
		memcpy(&ip->daddr, daddr, sizeof(ip->daddr));
		return sizeof(*ip);
	}
	if (family == AF_INET6) {
		*ip6 = (struct ipv6hdr) { .version = 6, .hop_limit = 64, .nexthdr = protocol };
		memcpy(&ip6->saddr, saddr, sizeof(ip6->saddr));
		memcpy(&ip6->daddr, daddr, sizeof(ip6->daddr));
		return sizeof(*ip6);
	}
	return 0;
}

static void set_ip_length(struct tscope_packet *packet)
{
	struct ipv6hdr *ip6 = (struct ipv6hdr *)packet->buffer;
	struct iphdr *ip = (struct iphdr *)packet->buffer;

	if (packet->family == AF_INET)
		ip->tot_len = htons(min_t(u32, packet->wire_len, U16_MAX));
	else
		ip6->payload_len = htons(min_t(u32, packet->wire_len - sizeof(*ip6), U16_MAX));
}

bool tscope_packet_before_ip(struct tscope_packet *packet, const struct sk_buff *skb,
			     const struct sock *sk, u8 family)
{
	const struct tcphdr *tcp = (const struct tcphdr *)skb->data;
	u32 ip_len, tcp_len;

	if (!tscope_is_tcp(sk) || skb_headlen(skb) < sizeof(*tcp))
		return false;
	tcp_len = tcp->doff * 4;
	if (tcp_len < sizeof(*tcp) || skb_headlen(skb) < tcp_len)
		return false;
	tscope_packet_begin(packet, sock_net(sk), socket_ifindex(sk), 0);
	ip_len = make_ip_header(packet, family, IPPROTO_TCP, local_address(sk, family),
				remote_address(sk, family));
	if (!ip_len)
		return false;
	tscope_copy_header(packet->buffer + ip_len, (const u8 *)tcp, tcp_len);
	packet->flags |= tscope_socket_flags(sk);
	packet->header_len = ip_len + tcp_len;
	packet->wire_len = ip_len + skb->len;
	set_ip_length(packet);
	packet->protocol = TSCOPE_PROTO_TCP;
	packet->sport = ntohs(tcp->source);
	packet->dport = ntohs(tcp->dest);
	packet->seq = ntohl(tcp->seq);
	packet->payload = skb->len - tcp_len;
	packet->seq_end = packet->seq + packet->payload + tcp->syn + tcp->fin;
	packet->segs = tscope_segments(skb, packet->payload);
	return true;
}

bool tscope_packet_from_socket(struct tscope_packet *packet, const struct sock *sk,
			       enum tscope_direction direction, u32 seq, u32 len)
{
	bool out = direction == TSCOPE_FROM_SOCKET;
	const void *local, *remote;
	u8 family = sk->sk_family;
	struct tcphdr *tcp;
	u32 ip_len;

	if (!tscope_is_tcp(sk))
		return false;
#if IS_ENABLED(CONFIG_IPV6)
	if (family == AF_INET6 && ipv6_addr_v4mapped(&sk->sk_v6_daddr))
		family = AF_INET;
#endif
	tscope_packet_begin(packet, sock_net(sk), out ? socket_ifindex(sk) : receive_ifindex(sk), 0);
	packet->flags |= tscope_socket_flags(sk);
	local = local_address(sk, family);
	remote = remote_address(sk, family);
	ip_len = make_ip_header(packet, family, IPPROTO_TCP, out ? local : remote,
				out ? remote : local);
	if (!ip_len)
		return false;
	tcp = (struct tcphdr *)(packet->buffer + ip_len);
	*tcp = (struct tcphdr) {
		.source = out ? inet_sk(sk)->inet_sport : inet_sk(sk)->inet_dport,
		.dest = out ? inet_sk(sk)->inet_dport : inet_sk(sk)->inet_sport,
		.seq = htonl(seq),
		.ack_seq = htonl(out ? READ_ONCE(tcp_sk(sk)->rcv_nxt)
				     : READ_ONCE(tcp_sk(sk)->snd_una)),
		.doff = sizeof(*tcp) / 4,
		.ack = 1,
	};
	packet->flags |= TSCOPE_F_SYNTH_TRANSPORT;
	packet->header_len = ip_len + sizeof(*tcp);
	packet->wire_len = packet->header_len + len;
	set_ip_length(packet);
	packet->protocol = TSCOPE_PROTO_TCP;
	packet->sport = ntohs(tcp->source);
	packet->dport = ntohs(tcp->dest);
	packet->seq = seq;
	packet->seq_end = seq + len;
	packet->payload = len;
	packet->segs = 1;
	return true;
}

struct destination {
	const void *address;
	__be16 port;
	u8 family;
};

static bool mapped_v4(struct destination *to, const struct in6_addr *address)
{
	if (!ipv6_addr_v4mapped(address))
		return false;
	to->family = AF_INET;
	to->address = &address->s6_addr32[3];
	return true;
}

static void connected_to(struct destination *to, const struct sock *sk)
{
	to->family = sk->sk_family;
	to->port = inet_sk(sk)->inet_dport;
	to->address = remote_address(sk, sk->sk_family);
	if (to->family == AF_INET6)
		mapped_v4(to, to->address);
}

/* What the call names, in the kernel's copy, else what the socket is connected to. */
static bool find_destination(struct destination *to, const struct sock *sk,
			     const struct msghdr *msg)
{
	const struct sockaddr_in6 *v6 = msg->msg_name;
	const struct sockaddr_in *v4 = msg->msg_name;

	if (!v4 || msg->msg_namelen < (int)sizeof(*v4) ||
	    (v4->sin_family == AF_UNSPEC && sk->sk_family == AF_INET6)) {
		connected_to(to, sk);
		return true;
	}
	if (v4->sin_family == AF_INET || v4->sin_family == AF_UNSPEC) {
		*to = (struct destination) { &v4->sin_addr, v4->sin_port, AF_INET };
		return true;
	}
	if (v6->sin6_family != AF_INET6 || sk->sk_family != AF_INET6 ||
	    msg->msg_namelen < SIN6_LEN_RFC2133)
		return false;
	*to = (struct destination) { &v6->sin6_addr, v6->sin6_port, AF_INET6 };
	mapped_v4(to, &v6->sin6_addr);
	return true;
}

bool tscope_packet_from_call(struct tscope_packet *packet, const struct sock *sk,
			     const struct msghdr *msg, size_t len)
{
	bool udp = sk->sk_protocol == IPPROTO_UDP && sk->sk_type == SOCK_DGRAM;
	struct destination to;
	u32 ip_len;
	u8 *header;

	if (!find_destination(&to, sk, msg))
		return false;
	if (!udp && sk->sk_protocol != (to.family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		return false;
	tscope_packet_begin(packet, sock_net(sk), socket_ifindex(sk), 0);
	ip_len = make_ip_header(packet, to.family, sk->sk_protocol, local_address(sk, to.family),
				to.address);
	if (!ip_len)
		return false;
	header = packet->buffer + ip_len;
	len = min_t(size_t, len, INT_MAX - TSCOPE_HEADER_MAX);
	packet->sport = 0;
	packet->dport = 0;
	packet->header_len = ip_len + TSCOPE_DATAGRAM_HEADER;
	memset(header, 0, TSCOPE_DATAGRAM_HEADER);
	if (udp) {
		struct udphdr *made = (struct udphdr *)header;

		packet->protocol = TSCOPE_PROTO_UDP;
		packet->payload = len;
		made->source = inet_sk(sk)->inet_sport;
		made->dest = to.port;
		made->len = htons(min_t(u32, len + sizeof(*made), U16_MAX));
		packet->sport = ntohs(made->source);
		packet->dport = ntohs(made->dest);
	} else {
		struct icmphdr *made = (struct icmphdr *)header;

		/* The call's bytes begin with the ICMP header, which would have to be read from the process. */
		packet->protocol = TSCOPE_PROTO_ICMP;
		packet->payload = len > sizeof(*made) ? len - sizeof(*made) : 0;
		made->type = to.family == AF_INET ? ICMP_ECHO : ICMPV6_ECHO_REQUEST;
		if (sk->sk_type == SOCK_DGRAM)
			made->un.echo.id = inet_sk(sk)->inet_sport;
	}
	packet->flags |= TSCOPE_F_SYNTH_TRANSPORT | TSCOPE_F_ASKED;
	packet->wire_len = packet->header_len + packet->payload;
	set_ip_length(packet);
	packet->seq = 0;
	packet->seq_end = 0;
	packet->segs = 1;
	return true;
}

bool tscope_packet_from_queue(struct tscope_packet *packet, const struct sock *sk, u8 family,
			      const void *saddr, const void *daddr)
{
	u8 protocol = family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	const struct inet_cork *cork = &inet_sk(sk)->cork.base;
	const struct sk_buff *skb = skb_peek(&sk->sk_write_queue);
	const struct dst_entry *dst = cork->dst;
	u32 ip_len, take;
	int offset;

	if (sk->sk_protocol != protocol || !skb || cork->length < TSCOPE_DATAGRAM_HEADER)
		return false;
	offset = skb_transport_offset(skb);
	take = min_t(u32, cork->length, TSCOPE_DATAGRAM_HEADER + TSCOPE_PAYLOAD_MAX);
	tscope_packet_begin(packet, sock_net(sk), dst && dst->dev ? dst->dev->ifindex : 0, 0);
	ip_len = make_ip_header(packet, family, protocol, saddr, daddr);
	if (skb_copy_bits(skb, offset, packet->buffer + ip_len, take))
		return false;
	packet->wire_len = ip_len + cork->length;
	set_ip_length(packet);
	packet->segs = 1;
	return tscope_packet_parse(packet, packet->buffer, ip_len + take);
}
