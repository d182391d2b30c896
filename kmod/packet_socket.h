/* SPDX-License-Identifier: GPL-2.0-only */
/* A segment at a TCP socket. */
#ifndef TSCOPE_PACKET_SOCKET_H
#define TSCOPE_PACKET_SOCKET_H

#include <net/tcp.h>

#include "packet_parse.h"

/*
 * Control block filled, both headers in place. TSCOPE_NEED_MORE if all is there but the ACK number, which is
 * not the header's.
 */
static __always_inline enum tscope_parsed
tscope_look_at_socket(struct tscope_packet *packet, const struct sk_buff *skb, const struct sock *sk)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	const u8 *ip = skb_network_header(skb);
	const struct tcphdr *tcp = (const struct tcphdr *)skb_transport_header(skb);

	tscope_packet_begin(packet, sock_net(sk), skb->skb_iif, skb->len + (skb->data - ip));
	if (tscope_parse(packet, ip, skb_tail_pointer(skb) - ip) != TSCOPE_PARSED)
		return TSCOPE_NOT_OURS;
	packet->seq = cb->seq;
	packet->seq_end = cb->end_seq;
	packet->segs = tscope_segments(skb, cb->end_seq - cb->seq);
	return !tcp->ack || ntohl(tcp->ack_seq) == cb->ack_seq ? TSCOPE_PARSED : TSCOPE_NEED_MORE;
}

#endif
