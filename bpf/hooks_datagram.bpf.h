/* SPDX-License-Identifier: GPL-2.0-only */
/* UDP and ICMP, at sockets and calls. As kmod/hooks_datagram.c has it. */
#ifndef TSCOPE_HOOKS_DATAGRAM_BPF_H
#define TSCOPE_HOOKS_DATAGRAM_BPF_H

#include "deliver.bpf.h"
#include "packet_made.bpf.h"

static __always_inline int datagram_call(const struct sock *sk, const struct msghdr *msg, __u64 len)
{
	struct packet packet;
	__u64 header[HEADER_WORDS];

	if (!netns_wanted(sk->__sk_common.skc_net.net))
		return 0;
	begin(&packet, header, TSCOPE_APP_TX);
	if (from_call(&packet, sk, msg, len))
		deliver(&packet);
	return 0;
}

/* An IPv6 socket's IPv4 datagrams were stamped in udpv6_sendmsg(). */
SEC("fentry/udp_sendmsg")
int BPF_PROG(udp_sendmsg, struct sock *sk, struct msghdr *msg, unsigned long len)
{
	return sk->__sk_common.skc_family == AF_INET ? datagram_call(sk, msg, len) : 0;
}

SEC("fentry/udpv6_sendmsg")
int BPF_PROG(udpv6_sendmsg, struct sock *sk, struct msghdr *msg, unsigned long len)
{
	return datagram_call(sk, msg, len);
}

SEC("fentry/ping_v4_sendmsg")
int BPF_PROG(ping_v4_sendmsg, struct sock *sk, struct msghdr *msg, unsigned long len)
{
	return datagram_call(sk, msg, len);
}

SEC("fentry/ping_v6_sendmsg")
int BPF_PROG(ping_v6_sendmsg, struct sock *sk, struct msghdr *msg, unsigned long len)
{
	return datagram_call(sk, msg, len);
}

SEC("fentry/raw_sendmsg")
int BPF_PROG(raw_sendmsg, struct sock *sk, struct msghdr *msg, unsigned long len)
{
	return datagram_call(sk, msg, len);
}

SEC("fentry/rawv6_sendmsg")
int BPF_PROG(rawv6_sendmsg, struct sock *sk, struct msghdr *msg, unsigned long len)
{
	return datagram_call(sk, msg, len);
}

/* What is not a UDP socket's comes here or not, as the compiler chose: that is stamped before. */
static __always_inline int into_ip(const struct sk_buff *skb)
{
	const struct sock *sk = skb->sk;
	struct place from = {};
	struct packet packet;
	__u64 first[FIRST_WORDS];
	struct slot slot;

	if (!sk || sk->sk_protocol != IPPROTO_UDP || sk->sk_type != SOCK_DGRAM ||
	    !netns_wanted(sk->__sk_common.skc_net.net))
		return 0;
	begin_unstamped(&packet, first, TSCOPE_SOCKET_TX);
	if (!datagram(&packet, &from, skb, sk->__sk_common.skc_net.net,
		      ifindex_of((const void *)(skb->_skb_refdst & ~1UL)), false))
		return 0;
	stay_on_cpu();
	if (begin_record(&slot, &packet)) {
		put_headers(&slot, &packet, &from);
		/* With the length, which the IP layer has not written yet. */
		__builtin_memcpy(slot.record->header, packet.header, sizeof(struct iphdr));
		end_record(&slot);
	}
	may_leave_cpu();
	return 0;
}

SEC("fentry/ip_send_skb")
int BPF_PROG(ip_send_skb, struct net *net, struct sk_buff *skb)
{
	return into_ip(skb);
}

SEC("fentry/ip6_send_skb")
int BPF_PROG(ip6_send_skb, struct sk_buff *skb)
{
	return into_ip(skb);
}

SEC("fentry/ip_push_pending_frames")
int BPF_PROG(ip_push_pending_frames, struct sock *sk, struct flowi4 *flow)
{
	struct packet packet;
	__u64 header[HEADER_WORDS];

	if (!netns_wanted(sk->__sk_common.skc_net.net))
		return 0;
	begin(&packet, header, TSCOPE_SOCKET_TX);
	if (!from_queue(&packet, sk, AF_INET))
		return 0;
	make_ipv4(&packet, IPPROTO_ICMP, flow->saddr, flow->daddr);
	deliver(&packet);
	return 0;
}

SEC("fentry/ip6_push_pending_frames")
int BPF_PROG(ip6_push_pending_frames, struct sock *sk)
{
	const struct inet_sock *inet = (const void *)sk;
	struct in6_addr saddr, daddr;
	struct packet packet;
	__u64 header[HEADER_WORDS];

	if (!netns_wanted(sk->__sk_common.skc_net.net))
		return 0;
	begin(&packet, header, TSCOPE_SOCKET_TX);
	if (!from_queue(&packet, sk, AF_INET6))
		return 0;
	saddr = BPF_CORE_READ(inet, cork.fl.u.ip6.saddr);
	daddr = BPF_CORE_READ(inet, cork.fl.u.ip6.daddr);
	make_ipv6(&packet, IPPROTO_ICMPV6, &saddr, &daddr);
	deliver(&packet);
	return 0;
}

static __always_inline int received(__u8 vantage, const struct sk_buff *skb, const struct net *net,
				    __u32 flags)
{
	struct place from = {};
	struct packet packet;
	__u64 first[FIRST_WORDS];

	if (!netns_wanted(net))
		return 0;
	begin_unstamped(&packet, first, vantage);
	packet.flags = flags;
	if (datagram(&packet, &from, skb, net, skb->skb_iif, true))
		deliver_from(&packet, &from);
	return 0;
}

SEC("fentry/__udp_enqueue_schedule_skb")
int BPF_PROG(udp_enqueue_schedule_skb, struct sock *sk, struct sk_buff *skb)
{
	return received(TSCOPE_SOCKET_RX, skb, sk->__sk_common.skc_net.net, 0);
}

SEC("fentry/icmp_rcv")
int BPF_PROG(icmp_rcv, struct sk_buff *skb)
{
	return received(TSCOPE_SOCKET_RX, skb, skb->dev->nd_net.net, 0);
}

SEC("fentry/icmpv6_rcv")
int BPF_PROG(icmpv6_rcv, struct sk_buff *skb)
{
	return received(TSCOPE_SOCKET_RX, skb, skb->dev->nd_net.net, 0);
}

/* A negative length means MSG_PEEK. */
SEC("fentry/skb_consume_udp")
int BPF_PROG(skb_consume_udp, struct sock *sk, struct sk_buff *skb, int len)
{
	return received(TSCOPE_APP_RX, skb, sk->__sk_common.skc_net.net,
			len < 0 ? TSCOPE_F_PEEK : 0);
}

/* Of every family. */
SEC("fentry/skb_free_datagram")
int BPF_PROG(skb_free_datagram, struct sock *sk, struct sk_buff *skb)
{
	__u16 family = sk->__sk_common.skc_family;

	if ((family == AF_INET && sk->sk_protocol == IPPROTO_ICMP) ||
	    (family == AF_INET6 && sk->sk_protocol == IPPROTO_ICMPV6))
		return received(TSCOPE_APP_RX, skb, sk->__sk_common.skc_net.net, 0);
	return 0;
}

#endif
