// SPDX-License-Identifier: GPL-2.0-only
/* Where UDP datagrams and ICMP echoes pass sockets and calls. */
#include <linux/skbuff.h>
#include <net/flow.h>
#include <net/icmp.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <net/udp.h>

#include "compat/compat.h"
#include "deliver.h"
#include "hooks.h"
#include "packet.h"
#include "stamp.h"

static void app_tx(struct ftrace_regs *regs)
{
	const struct sock *sk = (void *)tscope_argument(regs, 0);
	struct tscope_packet packet;

	if (!tscope_stamp(&packet, TSCOPE_APP_TX, sock_net(sk), 0))
		return;
	if (tscope_packet_from_call(&packet, sk, (void *)tscope_argument(regs, 1),
				    tscope_argument(regs, 2)))
		tscope_deliver(&packet, NULL);
}

/* udp_sendmsg(sk, msg, len); an IPv6 socket's IPv4 datagrams were stamped in udpv6_sendmsg(). */
TSCOPE_AT_DECLARED(udp_sendmsg, udp_sendmsg, int, struct sock *, struct msghdr *, size_t)
{
	const struct sock *sk = (void *)tscope_argument(regs, 0);

	if (sk->sk_family == AF_INET)
		app_tx(regs);
}

/* udpv6_sendmsg(sk, msg, len), as the others' */
TSCOPE_AT_FUNCTION(udpv6_sendmsg, struct sock *, struct msghdr *, size_t)
{
	app_tx(regs);
}

TSCOPE_AT_FUNCTION(ping_v4_sendmsg, struct sock *, struct msghdr *, size_t)
	__alias(at_udpv6_sendmsg);
TSCOPE_AT_FUNCTION(ping_v6_sendmsg, struct sock *, struct msghdr *, size_t)
	__alias(at_udpv6_sendmsg);
TSCOPE_AT_FUNCTION(raw_sendmsg, struct sock *, struct msghdr *, size_t)
	__alias(at_udpv6_sendmsg);
TSCOPE_AT_FUNCTION(rawv6_sendmsg, struct sock *, struct msghdr *, size_t)
	__alias(at_udpv6_sendmsg);

/* What is not a UDP socket's comes here or not, as the compiler chose: that is stamped before. */
static void udp_socket_tx(const struct sk_buff *skb)
{
	const struct sock *sk = skb->sk;
	struct tscope_packet packet;

	if (!sk || sk->sk_protocol != IPPROTO_UDP || sk->sk_type != SOCK_DGRAM)
		return;
	if (!tscope_stamp(&packet, TSCOPE_SOCKET_TX, sock_net(sk), 0))
		return;
	if (tscope_packet_into_ip(&packet, skb, sock_net(sk)))
		tscope_deliver(&packet, NULL);
}

/* ip_send_skb(net, skb) */
TSCOPE_AT_DECLARED(ip_send_skb, ip_send_skb, int, struct net *, struct sk_buff *)
{
	udp_socket_tx((void *)tscope_argument(regs, 1));
}

/* ip6_send_skb(skb) */
TSCOPE_AT_DECLARED(ip6_send_skb, ip6_send_skb, int, struct sk_buff *)
{
	udp_socket_tx((void *)tscope_argument(regs, 0));
}

static void icmp_socket_tx(const struct sock *sk, u8 family, const void *saddr,
			   const void *daddr)
{
	struct tscope_packet packet;

	if (!tscope_stamp(&packet, TSCOPE_SOCKET_TX, sock_net(sk), 0))
		return;
	if (tscope_packet_from_queue(&packet, sk, family, saddr, daddr))
		tscope_deliver(&packet, NULL);
}

/* ip_push_pending_frames(sk, fl4), with the socket's or the per-CPU socket's lock held */
TSCOPE_AT_DECLARED(ip_push_pending_frames, ip_push_pending_frames, int, struct sock *, struct flowi4 *)
{
	const struct flowi4 *flow = (void *)tscope_argument(regs, 1);

	icmp_socket_tx((void *)tscope_argument(regs, 0), AF_INET, &flow->saddr, &flow->daddr);
}

/* ip6_push_pending_frames(sk), likewise */
TSCOPE_AT_DECLARED(ip6_push_pending_frames, ip6_push_pending_frames, int, struct sock *)
{
	const struct sock *sk = (void *)tscope_argument(regs, 0);
	const struct flowi6 *flow = &inet_sk(sk)->cork.fl.u.ip6;

	icmp_socket_tx(sk, AF_INET6, &flow->saddr, &flow->daddr);
}

static void received(u8 vantage, const struct sk_buff *skb, const struct net *net,
		     u32 flags)
{
	struct tscope_packet packet;

	if (!tscope_stamp(&packet, vantage, net, 0))
		return;
	if (!tscope_packet_of_datagram(&packet, skb, net))
		return;
	packet.flags |= flags;
	tscope_deliver(&packet, NULL);
}

/* __udp_enqueue_schedule_skb(sk, skb), which may yet find the receive buffer full */
TSCOPE_AT_DECLARED(udp_enqueue_schedule_skb, __udp_enqueue_schedule_skb, int, struct sock *,
		   struct sk_buff *)
{
	const struct sock *sk = (void *)tscope_argument(regs, 0);

	received(TSCOPE_SOCKET_RX, (void *)tscope_argument(regs, 1), sock_net(sk), 0);
}

/* icmp_rcv(skb), icmpv6_rcv(skb) */
TSCOPE_AT_DECLARED(icmp_rcv, icmp_rcv, int, struct sk_buff *)
{
	const struct sk_buff *skb = (void *)tscope_argument(regs, 0);

	received(TSCOPE_SOCKET_RX, skb, dev_net(skb->dev), 0);
}

TSCOPE_AT_FUNCTION(icmpv6_rcv, struct sk_buff *) __alias(at_icmp_rcv);

/* skb_consume_udp(sk, skb, len), when the bytes were copied; a negative length means MSG_PEEK. */
TSCOPE_AT_DECLARED(skb_consume_udp, skb_consume_udp, void, struct sock *, struct sk_buff *, int)
{
	const struct sock *sk = (void *)tscope_argument(regs, 0);

	received(TSCOPE_APP_RX, (void *)tscope_argument(regs, 1), sock_net(sk),
		 (int)tscope_argument(regs, 2) < 0 ? TSCOPE_F_PEEK : 0);
}

/* skb_free_datagram(sk, skb), of every family: ping and raw sockets come here after the copy. */
TSCOPE_AT_DECLARED(skb_free_datagram, skb_free_datagram, void, struct sock *, struct sk_buff *)
{
	const struct sock *sk = (void *)tscope_argument(regs, 0);

	if ((sk->sk_family == AF_INET && sk->sk_protocol == IPPROTO_ICMP) ||
	    (sk->sk_family == AF_INET6 && sk->sk_protocol == IPPROTO_ICMPV6))
		received(TSCOPE_APP_RX, (void *)tscope_argument(regs, 1), sock_net(sk), 0);
}

static struct tscope_place places[] = { TSCOPE_DATAGRAM_PLACES(TSCOPE_PLACE) };
const struct tscope_layer tscope_datagram_layer = { places, ARRAY_SIZE(places) };
