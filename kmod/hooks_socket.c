// SPDX-License-Identifier: GPL-2.0-only
/* Where a segment reaches its TCP socket, and where TCP hands one to IP. */
#include <linux/skbuff.h>
#include <net/inet6_connection_sock.h>
#include <net/ip.h>
#include <net/tcp.h>

#include "clock.h"
#include "compat/compat.h"
#include "deliver.h"
#include "hooks.h"
#include "packet_socket.h"

static noinline void record_socket_rx_anyhow(u64 tsc, const struct sock *sk, const struct sk_buff *skb,
					     u32 flags, const struct tscope_listener *but)
{
	struct tscope_packet packet;

	packet.tsc = tsc;
	packet.vantage = TSCOPE_SOCKET_RX;
	if (!tscope_packet_at_socket(&packet, skb, sk))
		return;
	packet.flags |= flags;
	tscope_deliver(&packet, but);
}

static noinline void record_socket_rx(const struct tscope_listener *listener, const struct sock *sk,
				      const struct sk_buff *skb, u32 flags)
{
	struct tscope_packet packet = { .tsc = tscope_now(), .vantage = TSCOPE_SOCKET_RX };
	enum tscope_parsed parsed = tscope_look_at_socket(&packet, skb, sk);

	if (likely(parsed == TSCOPE_PARSED)) {
		packet.flags |= flags;
		tscope_give(listener, &packet);
		if (likely(!tscope_has_company(listener)))
			return;
	} else {
		listener = NULL;
	}
	if (parsed != TSCOPE_NOT_OURS)
		record_socket_rx_anyhow(packet.tsc, sk, skb, flags, listener);
}

static __always_inline void socket_rx(const struct sock *sk, const struct sk_buff *skb, u32 flags)
{
	const struct tscope_listener *listener = tscope_listener_at(sock_net(sk), TSCOPE_SOCKET_RX, 0);

	if (listener)
		record_socket_rx(listener, sk, skb, flags);
}

/* tcp_v4_do_rcv(sk, skb) */
TSCOPE_AT_DECLARED(tcp_v4_do_rcv, tcp_v4_do_rcv, int, struct sock *, struct sk_buff *)
{
	socket_rx((void *)tscope_argument(regs, 0), (void *)tscope_argument(regs, 1), 0);
}

/* tcp_v6_do_rcv(sk, skb): hands IPv4 packets on to tcp_v4_do_rcv(), which stamps them. */
TSCOPE_AT_FUNCTION(tcp_v6_do_rcv, struct sock *, struct sk_buff *)
{
	const struct sk_buff *skb = (void *)tscope_argument(regs, 1);

	if (skb->protocol != htons(ETH_P_IP))
		socket_rx((void *)tscope_argument(regs, 0), skb, 0);
}

/*
 * tcp_check_req(sk, skb, req, fastopen, ...): what reaches a request socket, the handshake's
 * third segment first of all. With fastopen the segment came by way of tcp_v4_do_rcv(), and one
 * with a wrong acknowledgement goes on to the listener, where that stamps it.
 */
TSCOPE_AT_FUNCTION(tcp_check_req, struct sock *, struct sk_buff *, struct request_sock *, bool)
{
	const struct sk_buff *skb = (void *)tscope_argument(regs, 1);
	const struct request_sock *request = (void *)tscope_argument(regs, 2);

	/* Of a bool only the low eight bits are passed. */
	if ((u8)tscope_argument(regs, 3) ||
	    (tcp_hdr(skb)->ack && TCP_SKB_CB(skb)->ack_seq != tcp_rsk(request)->snt_isn + 1))
		return;
	socket_rx((void *)tscope_argument(regs, 0), skb, TSCOPE_F_REQUEST);
}

/*
 * tcp_timewait_state_process(tw, skb, th, ...): the namespace lies at the same place in tw as in
 * a socket. A SYN goes on to a listener, where tcp_v4_do_rcv() stamps it.
 */
TSCOPE_AT_FUNCTION(tcp_timewait_state_process, struct inet_timewait_sock *, struct sk_buff *)
{
	const struct sk_buff *skb = (void *)tscope_argument(regs, 1);

	if (!tcp_hdr(skb)->syn)
		socket_rx((void *)tscope_argument(regs, 0), skb, TSCOPE_F_TIMEWAIT);
}

static noinline void record_socket_tx(const struct sock *sk, const struct sk_buff *skb, u8 family)
{
	struct tscope_packet packet;

	packet.tsc = tscope_now();
	packet.vantage = TSCOPE_SOCKET_TX;
	if (tscope_packet_before_ip(&packet, skb, sk, family))
		tscope_deliver(&packet, NULL);
}

static __always_inline void socket_tx(struct ftrace_regs *regs, u8 family)
{
	const struct sock *sk = (void *)tscope_argument(regs, 0);

	if (tscope_listener_at(sock_net(sk), TSCOPE_SOCKET_TX, 0))
		record_socket_tx(sk, (void *)tscope_argument(regs, 1), family);
}

/* __ip_queue_xmit(sk, skb, fl, tos) */
TSCOPE_AT_DECLARED(ip_queue_xmit, __ip_queue_xmit, int, struct sock *, struct sk_buff *, struct flowi *,
		   __u8)
{
	socket_tx(regs, AF_INET);
}

/* inet6_csk_xmit(sk, skb, fl) */
TSCOPE_AT_DECLARED(inet6_csk_xmit, inet6_csk_xmit, int, struct sock *, struct sk_buff *, struct flowi *)
{
	socket_tx(regs, AF_INET6);
}

static struct tscope_place places[] = { TSCOPE_SOCKET_PLACES(TSCOPE_PLACE) };
const struct tscope_layer tscope_socket_layer = { places, ARRAY_SIZE(places) };
