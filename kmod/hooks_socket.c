// SPDX-License-Identifier: GPL-2.0-only
/* Where a segment reaches its TCP socket, and where TCP hands one to IP. */
#include <linux/skbuff.h>
#include <net/tcp.h>

#include "compat/compat.h"
#include "deliver.h"
#include "hooks.h"
#include "packet.h"
#include "stamp.h"

static void socket_rx(const struct sock *sk, const struct sk_buff *skb, u32 flags)
{
	struct tscope_packet packet;

	if (!tscope_stamp(&packet, TSCOPE_SOCKET_RX, sock_net(sk), 0))
		return;
	if (!tscope_packet_at_socket(&packet, skb, sk))
		return;
	packet.flags |= flags;
	tscope_deliver(&packet);
}

/* tcp_v4_do_rcv(sk, skb) */
TSCOPE_AT_FUNCTION(tcp_v4_do_rcv)
{
	socket_rx((void *)tscope_argument(regs, 0), (void *)tscope_argument(regs, 1), 0);
}

/* tcp_v6_do_rcv(sk, skb): hands IPv4 packets on to tcp_v4_do_rcv(), which stamps them. */
TSCOPE_AT_FUNCTION(tcp_v6_do_rcv)
{
	const struct sk_buff *skb = (void *)tscope_argument(regs, 1);

	if (skb->protocol != htons(ETH_P_IP))
		socket_rx((void *)tscope_argument(regs, 0), skb, 0);
}

/*
 * tcp_check_req(sk, skb, req, fastopen, ...): what reaches a request socket, the handshake's
 * third segment first of all. With fastopen the segment came by way of tcp_v4_do_rcv().
 */
TSCOPE_AT_FUNCTION(tcp_check_req)
{
	if (!(bool)tscope_argument(regs, 3))
		socket_rx((void *)tscope_argument(regs, 0), (void *)tscope_argument(regs, 1),
			  TSCOPE_F_REQUEST);
}

/*
 * tcp_timewait_state_process(tw, skb, th, ...): the namespace lies at the same place in tw as in
 * a socket. A SYN goes on to a listener, where tcp_v4_do_rcv() stamps it.
 */
TSCOPE_AT_FUNCTION(tcp_timewait_state_process)
{
	const struct sk_buff *skb = (void *)tscope_argument(regs, 1);

	if (!tcp_hdr(skb)->syn)
		socket_rx((void *)tscope_argument(regs, 0), skb, TSCOPE_F_TIMEWAIT);
}

static void socket_tx(struct ftrace_regs *regs, u8 family)
{
	const struct sk_buff *skb = (void *)tscope_argument(regs, 1);
	const struct sock *sk = (void *)tscope_argument(regs, 0);
	struct tscope_packet packet;

	if (!tscope_stamp(&packet, TSCOPE_SOCKET_TX, sock_net(sk), 0))
		return;
	if (tscope_packet_before_ip(&packet, skb, sk, family))
		tscope_deliver(&packet);
}

/* __ip_queue_xmit(sk, skb, fl, tos) */
TSCOPE_AT_FUNCTION(ip_queue_xmit)
{
	socket_tx(regs, AF_INET);
}

/* inet6_csk_xmit(sk, skb, fl) */
TSCOPE_AT_FUNCTION(inet6_csk_xmit)
{
	socket_tx(regs, AF_INET6);
}

static struct tscope_place places[] = { TSCOPE_SOCKET_PLACES(TSCOPE_PLACE) };
const struct tscope_layer tscope_socket_layer = { places, ARRAY_SIZE(places) };
