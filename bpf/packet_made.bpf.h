/* SPDX-License-Identifier: GPL-2.0-only */
/* Headers made up from a socket. As kmod/packet_made.c has it. */
#ifndef TSCOPE_PACKET_MADE_BPF_H
#define TSCOPE_PACKET_MADE_BPF_H

#include "packet_parts.bpf.h"

#define TCP_HEADER_WORDS 8	/* of TCP's longest header, rounded up */

/* Of a route, or none. */
static __always_inline __u32 ifindex_of(const struct dst_entry *dst)
{
	const struct net_device *dev = dst ? read_field(struct dst_entry, dst, dev) : NULL;

	return dev ? read_field(struct net_device, dev, ifindex) : 0;
}

static __always_inline __u32 socket_ifindex(const struct sock *sk)
{
	return ifindex_of(sk->sk_dst_cache) ?: sk->__sk_common.skc_bound_dev_if;
}

/* Where what the socket gets comes in: not always where its answers leave. Since Linux 5.16. */
static __always_inline __u32 receive_ifindex(const struct sock *sk)
{
	__u32 ifindex = 0;

	if (bpf_core_field_exists(sk->sk_rx_dst_ifindex))
		ifindex = sk->sk_rx_dst_ifindex;
	return ifindex ?: socket_ifindex(sk);
}

/* Whether this is a struct tcp_sock: a raw socket of protocol TCP is smaller. */
static __always_inline bool is_tcp(const struct sock *sk)
{
	__u16 family = sk->__sk_common.skc_family;

	return sk->sk_protocol == IPPROTO_TCP && sk->sk_type == SOCK_STREAM &&
	       (family == AF_INET || family == AF_INET6);
}

/* Asked before the stamp. */
static __always_inline bool tcp_wanted(const struct sock *sk)
{
	return is_tcp(sk) && netns_wanted(sk->__sk_common.skc_net.net);
}

/*
 * TSCOPE_F_ULP and TSCOPE_F_MPTCP. The address of tcp_recvmsg() can't be had on every kernel; what the
 * socket was made with has it, and what takes over its calls leaves that alone.
 */
static __always_inline __u32 socket_flags(const struct sock *sk)
{
	const struct proto *used = sk->__sk_common.skc_prot, *made = sk->sk_prot_creator;
	__u32 flags = used && made && used->recvmsg != made->recvmsg ? TSCOPE_F_ULP : 0;

	if (bpf_core_field_exists(((struct tcp_sock *)0)->is_mptcp) &&
	    read_field(struct tcp_sock, sk, is_mptcp))
		flags |= TSCOPE_F_MPTCP;
	return flags;
}

static __always_inline bool is_v4_mapped(const struct in6_addr *address)
{
	return !address->in6_u.u6_addr32[0] && !address->in6_u.u6_addr32[1] &&
	       address->in6_u.u6_addr32[2] == bpf_htonl(0xffff);
}

/* Which way the bytes of a made-up header go. */
enum direction {
	FROM_SOCKET,
	TO_SOCKET,
};

static __always_inline void make_ipv4(struct packet *packet, __u8 protocol, __be32 saddr,
				      __be32 daddr)
{
	struct iphdr *ip = (void *)packet->header;
	__u32 length = packet->wire_len + sizeof(*ip);

	ip->version = 4;
	ip->ihl = 5;
	ip->ttl = 64;
	ip->protocol = protocol;
	ip->tot_len = bpf_htons(length < 0xffff ? length : 0xffff);
	ip->saddr = saddr;
	ip->daddr = daddr;
	packet->wire_len = length;
	packet->header_len += sizeof(*ip);
}

static __always_inline void make_ipv6(struct packet *packet, __u8 protocol,
				      const struct in6_addr *saddr, const struct in6_addr *daddr)
{
	struct ipv6hdr *ip = (void *)packet->header;

	ip->first = bpf_htonl(6 << 28);
	ip->hop_limit = 64;
	ip->nexthdr = protocol;
	ip->payload_len = bpf_htons(packet->wire_len < 0xffff ? packet->wire_len : 0xffff);
	__builtin_memcpy(ip->saddr, saddr, 16);
	__builtin_memcpy(ip->daddr, daddr, 16);
	packet->wire_len += sizeof(*ip);
	packet->header_len += sizeof(*ip);
}

/* A kernel without IPv6 lacks these fields, and has no socket to look for them in. */
static __always_inline struct in6_addr remote_v6(const struct sock *sk)
{
	struct in6_addr remote = {};

	if (bpf_core_field_exists(sk->__sk_common.skc_v6_daddr))
		remote = BPF_CORE_READ(sk, __sk_common.skc_v6_daddr);
	return remote;
}

static __always_inline struct in6_addr local_v6(const struct sock *sk)
{
	const struct inet_sock *inet = (const void *)sk;
	struct in6_addr local = {};

	if (!bpf_core_field_exists(inet->pinet6))
		return local;
	local = BPF_CORE_READ(sk, __sk_common.skc_v6_rcv_saddr);
	if (!local.in6_u.u6_addr32[0] && !local.in6_u.u6_addr32[1] && !local.in6_u.u6_addr32[2] &&
	    !local.in6_u.u6_addr32[3])
		local = BPF_CORE_READ(inet, pinet6, saddr);
	return local;
}

static __always_inline void from_here(struct packet *packet, const struct sock *sk, __u8 family)
{
	packet->netns = netns_number(sk->__sk_common.skc_net.net);
	packet->ifindex = socket_ifindex(sk);
	packet->family = family;
	packet->flags |= TSCOPE_F_SYNTH_IP;
}

/*
 * An IP header from the socket, in front of the TCP header that header_len and wire_len count
 * already.
 */
static __always_inline void make_ip(struct packet *packet, const struct sock *sk, __u8 family,
				     enum direction direction)
{
	bool out = direction == FROM_SOCKET;

	from_here(packet, sk, family);
	if (!out)
		packet->ifindex = receive_ifindex(sk);
	if (family == AF_INET) {
		__be32 local = read_field(struct inet_sock, sk, inet_saddr);
		__be32 remote = sk->__sk_common.skc_daddr;

		make_ipv4(packet, IPPROTO_TCP, out ? local : remote, out ? remote : local);
	} else {
		struct in6_addr remote = remote_v6(sk);
		struct in6_addr local = local_v6(sk);

		make_ipv6(packet, IPPROTO_TCP, out ? &local : &remote, out ? &remote : &local);
	}
}

/* TCP header only, in front of the IP layer of `family`. */
static __always_inline bool before_ip(struct packet *packet, const struct sk_buff *skb,
				      const struct sock *sk, __u8 family)
{
	__u32 linear = skb->len - skb->data_len, length;
	const void *data = skb->data;
	__u64 words[TCP_HEADER_WORDS] = {};
	struct tcphdr tcp;
	__u32 *to, i;

	if (linear < sizeof(tcp))
		return false;
	/* What is behind the header is read with it, and means nothing. */
	read_words(words, TCP_HEADER_WORDS, data);
	__builtin_memcpy(&tcp, words, sizeof(tcp));
	length = tcp.doff * 4;
	if (length < sizeof(tcp) || linear < length)
		return false;
	packet->flags |= socket_flags(sk);
	packet->wire_len = skb->len;
	packet->header_len = length;
	make_ip(packet, sk, family, FROM_SOCKET);
	to = (void *)(packet->header +
		      (family == AF_INET ? sizeof(struct iphdr) : sizeof(struct ipv6hdr)));
#pragma unroll
	for (i = 0; i < 2 * TCP_HEADER_WORDS; i++)
		to[i] = ((const __u32 *)words)[i];
	packet->sport = bpf_ntohs(tcp.source);
	packet->dport = bpf_ntohs(tcp.dest);
	packet->seq = bpf_ntohl(tcp.seq);
	packet->payload = skb->len - length;
	packet->seq_end = packet->seq + packet->payload + tcp.syn + tcp.fin;
	packet->segs = segments(skb, packet->payload);
	return true;
}

/* A call's bytes [seq, seq + len): both headers are made up. */
static __always_inline bool from_socket(struct packet *packet, const struct sock *sk,
					enum direction direction, __u32 seq, __u32 len)
{
	__u16 family = sk->__sk_common.skc_family;
	bool out = direction == FROM_SOCKET;
	__be16 local, remote;
	struct tcphdr tcp = {};

	if (!is_tcp(sk))
		return false;
	if (family == AF_INET6) {
		struct in6_addr address = remote_v6(sk);

		if (is_v4_mapped(&address))
			family = AF_INET;
	}
	local = read_field(struct inet_sock, sk, inet_sport);
	remote = sk->__sk_common.skc_dport;
	tcp.source = out ? local : remote;
	tcp.dest = out ? remote : local;
	tcp.seq = bpf_htonl(seq);
	tcp.ack_seq = bpf_htonl(out ? read_field(struct tcp_sock, sk, rcv_nxt) :
				      read_field(struct tcp_sock, sk, snd_una));
	tcp.doff = sizeof(tcp) / 4;
	tcp.ack = 1;
	packet->flags |= TSCOPE_F_SYNTH_TRANSPORT | socket_flags(sk);
	packet->header_len = sizeof(tcp);
	packet->wire_len = sizeof(tcp) + len;
	make_ip(packet, sk, family, direction);
	if (family == AF_INET)
		__builtin_memcpy(packet->header + sizeof(struct iphdr), &tcp, sizeof(tcp));
	else
		__builtin_memcpy(packet->header + sizeof(struct ipv6hdr), &tcp, sizeof(tcp));
	packet->sport = bpf_ntohs(tcp.source);
	packet->dport = bpf_ntohs(tcp.dest);
	packet->seq = seq;
	packet->seq_end = seq + len;
	return true;
}

/* What a send call names, or what its socket is connected to. */
struct destination {
	__u8 family;
	__be16 port;
	__be32 v4;
	struct in6_addr v6;
};

static __always_inline bool find_destination(struct destination *to, const struct sock *sk,
					     const struct msghdr *msg)
{
	__u16 own_family = sk->__sk_common.skc_family;
	const void *name = msg->msg_name;
	struct sockaddr_in v4 = {};
	struct sockaddr_in6 v6 = {};

	if (own_family != AF_INET && own_family != AF_INET6)
		return false;
	if (name && msg->msg_namelen >= (int)sizeof(v4))
		bpf_probe_read_kernel(&v4, sizeof(v4), name);
	else
		name = NULL;
	if (!name || (v4.sin_family == AF_UNSPEC && own_family == AF_INET6)) {
		to->port = sk->__sk_common.skc_dport;
		to->v4 = sk->__sk_common.skc_daddr;
		to->family = own_family;
		if (own_family == AF_INET6)
			to->v6 = remote_v6(sk);
	} else if (v4.sin_family == AF_INET || v4.sin_family == AF_UNSPEC) {
		to->family = AF_INET;
		to->port = v4.sin_port;
		to->v4 = v4.sin_addr;
	} else if (v4.sin_family == AF_INET6 && own_family == AF_INET6 &&
		   msg->msg_namelen >= SIN6_LEN_RFC2133 &&
		   !bpf_probe_read_kernel(&v6, SIN6_LEN_RFC2133, name)) {
		to->family = AF_INET6;
		to->port = v6.sin6_port;
		to->v6 = v6.sin6_addr;
	} else {
		return false;
	}
	if (to->family == AF_INET6 && is_v4_mapped(&to->v6)) {
		to->family = AF_INET;
		to->v4 = to->v6.in6_u.u6_addr32[3];
	}
	return true;
}

/* A send call of a UDP, ping or raw socket: both headers are made up. */
static __always_inline bool from_call(struct packet *packet, const struct sock *sk,
				      const struct msghdr *msg, __u64 len)
{
	bool udp = sk->sk_protocol == IPPROTO_UDP && sk->sk_type == SOCK_DGRAM;
	__be16 port = read_field(struct inet_sock, sk, inet_sport);
	struct destination to = {};
	struct udphdr header = {};

	if (!find_destination(&to, sk, msg))
		return false;
	if (!udp && sk->sk_protocol != (to.family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		return false;
	packet->payload = len < 0x7fffff00 ? len : 0x7fffff00;
	if (udp) {
		__u32 udp_len = packet->payload + sizeof(header);

		header.source = port;
		header.dest = to.port;
		header.len = bpf_htons(udp_len < 0xffff ? udp_len : 0xffff);
		packet->sport = bpf_ntohs(port);
		packet->dport = bpf_ntohs(to.port);
	} else {
		__u8 *icmp = (void *)&header;

		/* The call's bytes begin with the ICMP header. */
		packet->payload -= packet->payload > sizeof(header) ? sizeof(header) : packet->payload;
		icmp[0] = to.family == AF_INET ? ICMP_ECHO : ICMPV6_ECHO_REQUEST;
		if (sk->sk_type == SOCK_DGRAM)
			__builtin_memcpy(icmp + 4, &port, sizeof(port));
	}
	packet->flags |= TSCOPE_F_SYNTH_TRANSPORT | TSCOPE_F_ASKED;
	packet->header_len = sizeof(header);
	packet->wire_len = packet->payload + sizeof(header);
	from_here(packet, sk, to.family);
	if (to.family == AF_INET) {
		make_ipv4(packet, sk->sk_protocol,
			  read_field(struct inet_sock, sk, inet_saddr), to.v4);
		__builtin_memcpy(packet->header + sizeof(struct iphdr), &header, sizeof(header));
	} else {
		struct in6_addr local = local_v6(sk);

		make_ipv6(packet, sk->sk_protocol, &local, &to.v6);
		__builtin_memcpy(packet->header + sizeof(struct ipv6hdr), &header, sizeof(header));
	}
	return true;
}

/* In the queue of a ping or raw socket, or the kernel's own: the transport header of it. */
static __always_inline bool from_queue(struct packet *packet, const struct sock *sk, __u8 family)
{
	const struct inet_sock *inet = (const void *)sk;
	const struct dst_entry *dst = BPF_CORE_READ(inet, cork.base.dst);
	__u32 length = BPF_CORE_READ(inet, cork.base.length), take = length;
	const struct sk_buff *skb;
	const void *icmp;
	__u32 linear;
	__u8 *to;

	if (sk->sk_protocol != (family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6) ||
	    !BPF_CORE_READ(sk, sk_write_queue.qlen) || length > 0xffff)
		return false;
	skb = BPF_CORE_READ(sk, sk_write_queue.next);
	icmp = BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, transport_header);
	linear = BPF_CORE_READ(skb, tail) - BPF_CORE_READ(skb, transport_header);
	if (take > linear)
		take = linear;
	barrier_var(take);
	if (take < DATAGRAM_HEADER)
		return false;
	if (take > DATAGRAM_HEADER + TSCOPE_PAYLOAD_MAX)
		take = DATAGRAM_HEADER + TSCOPE_PAYLOAD_MAX;
	barrier_var(take);
	to = packet->header + (family == AF_INET ? sizeof(struct iphdr) : sizeof(struct ipv6hdr));
	if (bpf_probe_read_kernel(to, take, icmp) || !is_echo(*to, family))
		return false;
	packet->wire_len = length;
	packet->payload = length - DATAGRAM_HEADER;
	packet->header_len = take;
	from_here(packet, sk, family);
	packet->ifindex = ifindex_of(dst);
	return true;
}

#endif
