/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a segment reaches its TCP socket, and where TCP hands one to IP. As kmod/hooks_socket.c has it. */
#ifndef TSCOPE_HOOKS_SOCKET_BPF_H
#define TSCOPE_HOOKS_SOCKET_BPF_H

#include "deliver.bpf.h"
#include "packet.bpf.h"
#include "packet_made.bpf.h"

static __always_inline int socket_rx(const struct sock *sk, const struct sk_buff *skb, __u16 flags)
{
	struct packet packet;

	begin(&packet, TSCOPE_SOCKET_RX);
	packet.flags = flags;
	if (at_socket(&packet, skb, sk))
		deliver(&packet);
	return 0;
}

SEC("fentry/tcp_v4_do_rcv")
int BPF_PROG(tcp_v4_do_rcv, struct sock *sk, struct sk_buff *skb)
{
	return socket_rx(sk, skb, 0);
}

/* Hands IPv4 packets on to tcp_v4_do_rcv(), which stamps them. */
SEC("fentry/tcp_v6_do_rcv")
int BPF_PROG(tcp_v6_do_rcv, struct sock *sk, struct sk_buff *skb)
{
	return skb->protocol == bpf_htons(ETH_P_IP) ? 0 : socket_rx(sk, skb, 0);
}

/* With fastopen the segment came by way of tcp_v4_do_rcv(). */
SEC("fentry/tcp_check_req")
int BPF_PROG(tcp_check_req, struct sock *sk, struct sk_buff *skb, struct request_sock *req,
	     bool fastopen)
{
	return fastopen ? 0 : socket_rx(sk, skb, TSCOPE_F_REQUEST);
}

/* A SYN goes on to a listener, where tcp_v4_do_rcv() stamps it. */
SEC("fentry/tcp_timewait_state_process")
int BPF_PROG(tcp_timewait_state_process, struct sock *tw, struct sk_buff *skb)
{
	struct tcphdr tcp;

	if (bpf_probe_read_kernel(&tcp, sizeof(tcp), skb->head + skb->transport_header) || tcp.syn)
		return 0;
	return socket_rx(tw, skb, TSCOPE_F_TIMEWAIT);
}

static __always_inline int socket_tx(const struct sock *sk, const struct sk_buff *skb, __u8 family)
{
	struct packet packet;

	begin(&packet, TSCOPE_SOCKET_TX);
	if (before_ip(&packet, skb, sk, family))
		deliver(&packet);
	return 0;
}

SEC("fentry/__ip_queue_xmit")
int BPF_PROG(ip_queue_xmit, struct sock *sk, struct sk_buff *skb)
{
	return socket_tx(sk, skb, AF_INET);
}

SEC("fentry/inet6_csk_xmit")
int BPF_PROG(inet6_csk_xmit, struct sock *sk, struct sk_buff *skb)
{
	return socket_tx(sk, skb, AF_INET6);
}

#endif
