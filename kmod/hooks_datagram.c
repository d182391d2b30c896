// SPDX-License-Identifier: GPL-2.0-only
/* Where UDP datagrams and ICMP echoes pass sockets and calls. */
#include <linux/skbuff.h>
#include <net/flow.h>
#include <net/inet_sock.h>
#include <net/sock.h>

#include "clock.h"
#include "compat/compat.h"
#include "hooks.h"
#include "packet.h"
#include "session.h"

static void app_tx(u64 tsc, struct ftrace_regs *regs)
{
	struct tscope_packet packet;

	packet.tsc = tsc;
	packet.vantage = TSCOPE_APP_TX;
	if (tscope_packet_from_call(&packet, (void *)tscope_argument(regs, 0),
				    (void *)tscope_argument(regs, 1), tscope_argument(regs, 2)))
		tscope_sessions_deliver(&packet);
}

/* udp_sendmsg(sk, msg, len); an IPv6 socket's IPv4 datagrams were stamped in udpv6_sendmsg(). */
static void udp_sendmsg_entry(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
			      struct ftrace_regs *regs)
{
	u64 tsc = tscope_now();
	const struct sock *sk = (void *)tscope_argument(regs, 0);

	if (sk->sk_family == AF_INET)
		app_tx(tsc, regs);
}

/* udpv6_sendmsg(), ping_v4_sendmsg() and so on, all (sk, msg, len) */
static void sendmsg_entry(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
			  struct ftrace_regs *regs)
{
	u64 tsc = tscope_now();

	app_tx(tsc, regs);
}

/* What is not a UDP socket's comes here or not, as the compiler chose: that is stamped before. */
static void udp_socket_tx(u64 tsc, const struct sk_buff *skb)
{
	const struct sock *sk = skb->sk;
	struct tscope_packet packet;

	if (!sk || sk->sk_protocol != IPPROTO_UDP || sk->sk_type != SOCK_DGRAM)
		return;
	packet.tsc = tsc;
	packet.vantage = TSCOPE_SOCKET_TX;
	if (tscope_packet_into_ip(&packet, skb, sock_net(sk)))
		tscope_sessions_deliver(&packet);
}

/* ip_send_skb(net, skb) */
static void ip_send_skb_entry(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
			      struct ftrace_regs *regs)
{
	u64 tsc = tscope_now();

	udp_socket_tx(tsc, (void *)tscope_argument(regs, 1));
}

/* ip6_send_skb(skb) */
static void ip6_send_skb_entry(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
			       struct ftrace_regs *regs)
{
	u64 tsc = tscope_now();

	udp_socket_tx(tsc, (void *)tscope_argument(regs, 0));
}

static void icmp_socket_tx(u64 tsc, const struct sock *sk, u8 family, const void *saddr,
			   const void *daddr)
{
	struct tscope_packet packet;

	packet.tsc = tsc;
	packet.vantage = TSCOPE_SOCKET_TX;
	if (tscope_packet_from_queue(&packet, sk, family, saddr, daddr))
		tscope_sessions_deliver(&packet);
}

/* ip_push_pending_frames(sk, fl4), with the socket's or the per-CPU socket's lock held */
static void ip_push_entry(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
			  struct ftrace_regs *regs)
{
	u64 tsc = tscope_now();
	const struct flowi4 *flow = (void *)tscope_argument(regs, 1);

	icmp_socket_tx(tsc, (void *)tscope_argument(regs, 0), AF_INET, &flow->saddr, &flow->daddr);
}

/* ip6_push_pending_frames(sk), likewise */
static void ip6_push_entry(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
			   struct ftrace_regs *regs)
{
	u64 tsc = tscope_now();
	const struct sock *sk = (void *)tscope_argument(regs, 0);
	const struct flowi6 *flow = &inet_sk(sk)->cork.fl.u.ip6;

	icmp_socket_tx(tsc, sk, AF_INET6, &flow->saddr, &flow->daddr);
}

static void received(u64 tsc, u8 vantage, const struct sk_buff *skb, const struct net *net,
		     u16 flags)
{
	struct tscope_packet packet;

	packet.tsc = tsc;
	packet.vantage = vantage;
	if (!tscope_packet_of_datagram(&packet, skb, net))
		return;
	packet.flags |= flags;
	tscope_sessions_deliver(&packet);
}

/* __udp_enqueue_schedule_skb(sk, skb), which may yet find the receive buffer full */
static void udp_enqueue_entry(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
			      struct ftrace_regs *regs)
{
	u64 tsc = tscope_now();
	const struct sock *sk = (void *)tscope_argument(regs, 0);

	received(tsc, TSCOPE_SOCKET_RX, (void *)tscope_argument(regs, 1), sock_net(sk), 0);
}

/* icmp_rcv(skb), icmpv6_rcv(skb) */
static void icmp_rcv_entry(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
			   struct ftrace_regs *regs)
{
	u64 tsc = tscope_now();
	const struct sk_buff *skb = (void *)tscope_argument(regs, 0);

	received(tsc, TSCOPE_SOCKET_RX, skb, dev_net(skb->dev), 0);
}

/* skb_consume_udp(sk, skb, len), when the bytes were copied; a negative length means MSG_PEEK. */
static void skb_consume_udp_entry(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
				  struct ftrace_regs *regs)
{
	u64 tsc = tscope_now();
	const struct sock *sk = (void *)tscope_argument(regs, 0);

	received(tsc, TSCOPE_APP_RX, (void *)tscope_argument(regs, 1), sock_net(sk),
		 (int)tscope_argument(regs, 2) < 0 ? TSCOPE_F_PEEK : 0);
}

/* skb_free_datagram(sk, skb), of every family: ping and raw sockets come here after the copy. */
static void skb_free_datagram_entry(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
				    struct ftrace_regs *regs)
{
	u64 tsc = tscope_now();
	const struct sock *sk = (void *)tscope_argument(regs, 0);

	if ((sk->sk_family == AF_INET && sk->sk_protocol == IPPROTO_ICMP) ||
	    (sk->sk_family == AF_INET6 && sk->sk_protocol == IPPROTO_ICMPV6))
		received(tsc, TSCOPE_APP_RX, (void *)tscope_argument(regs, 1), sock_net(sk), 0);
}

#define FUNCTION(name_, vantage_, protocols_, need_, function_)			\
	{									\
		.name = name_, .vantage = vantage_, .need = need_,		\
		.kind = TSCOPE_HOOK_FUNCTION, .protocols = protocols_,		\
		.function = function_,						\
	}

#define UDP TSCOPE_PROTO_UDP
#define ICMP TSCOPE_PROTO_ICMP

static struct tscope_place places[] = {
	FUNCTION("udp_sendmsg", TSCOPE_APP_TX, UDP, TSCOPE_REQUIRED, udp_sendmsg_entry),
	FUNCTION("udpv6_sendmsg", TSCOPE_APP_TX, UDP, TSCOPE_OPTIONAL, sendmsg_entry),
	FUNCTION("ping_v4_sendmsg", TSCOPE_APP_TX, ICMP, TSCOPE_OPTIONAL, sendmsg_entry),
	FUNCTION("ping_v6_sendmsg", TSCOPE_APP_TX, ICMP, TSCOPE_OPTIONAL, sendmsg_entry),
	FUNCTION("raw_sendmsg", TSCOPE_APP_TX, ICMP, TSCOPE_REQUIRED, sendmsg_entry),
	FUNCTION("rawv6_sendmsg", TSCOPE_APP_TX, ICMP, TSCOPE_OPTIONAL, sendmsg_entry),
	FUNCTION("ip_send_skb", TSCOPE_SOCKET_TX, UDP, TSCOPE_REQUIRED, ip_send_skb_entry),
	FUNCTION("ip6_send_skb", TSCOPE_SOCKET_TX, UDP, TSCOPE_OPTIONAL, ip6_send_skb_entry),
	FUNCTION("ip_push_pending_frames", TSCOPE_SOCKET_TX, ICMP, TSCOPE_REQUIRED, ip_push_entry),
	FUNCTION("ip6_push_pending_frames", TSCOPE_SOCKET_TX, ICMP, TSCOPE_OPTIONAL,
		 ip6_push_entry),
	FUNCTION("__udp_enqueue_schedule_skb", TSCOPE_SOCKET_RX, UDP, TSCOPE_REQUIRED,
		 udp_enqueue_entry),
	FUNCTION("icmp_rcv", TSCOPE_SOCKET_RX, ICMP, TSCOPE_REQUIRED, icmp_rcv_entry),
	FUNCTION("icmpv6_rcv", TSCOPE_SOCKET_RX, ICMP, TSCOPE_OPTIONAL, icmp_rcv_entry),
	FUNCTION("skb_consume_udp", TSCOPE_APP_RX, UDP, TSCOPE_REQUIRED, skb_consume_udp_entry),
	FUNCTION("skb_free_datagram", TSCOPE_APP_RX, ICMP, TSCOPE_REQUIRED, skb_free_datagram_entry),
};

const struct tscope_layer tscope_datagram_layer = { places, ARRAY_SIZE(places) };
