/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a segment reaches its TCP socket, and where TCP hands one to IP. As kmod/hooks_socket.c has it. */
#ifndef TSCOPE_HOOKS_SOCKET_BPF_H
#define TSCOPE_HOOKS_SOCKET_BPF_H

#include "deliver.bpf.h"
#include "packet_made.bpf.h"

/* tcp_add_backlog() leaves the first ACK's number in the header of a merged one: the last one's instead. */
static __always_inline void put_ack(struct tscope_record *record, const struct sk_buff *skb)
{
	__u32 at = skb->transport_header - skb->network_header + 8;
	__be32 ack_seq = bpf_htonl(read_field(struct tcp_skb_cb, skb->cb, ack_seq));

	barrier_var(at);
	if (at <= TSCOPE_HEADER_MAX - sizeof(ack_seq))
		__builtin_memcpy(record->header + at, &ack_seq, sizeof(ack_seq));
}

static __always_inline int socket_rx(const struct sock *sk, const struct sk_buff *skb, __u32 flags)
{
	/* Request and TIME_WAIT sockets are no whole sockets. */
	bool in_use = !flags && sk->sk_lock.owned;
	struct place from = {};
	struct packet packet;
	__u64 first[FIRST_WORDS];
	struct slot slot;

	if (!netns_wanted(sk->__sk_common.skc_net.net))
		return 0;
	begin_unstamped(&packet, first, TSCOPE_SOCKET_RX);
	packet.flags = flags;
	packet.from_backlog = in_use;
	if (!at_socket(&packet, &from, skb, sk))
		return 0;
	stay_on_cpu();
	if (begin_record(&slot, &packet)) {
		put_headers(&slot, &packet, &from);
		if (packet.flags & TSCOPE_F_COALESCED)
			put_ack(slot.record, skb);
		end_record(&slot);
	}
	may_leave_cpu();
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

/*
 * With fastopen the segment came by way of tcp_v4_do_rcv(), and one with a wrong acknowledgement goes on to
 * the listener, where that stamps it. (Of a bool only the low eight bits are passed.)
 */
SEC("fentry/tcp_check_req")
int BPF_PROG(tcp_check_req, struct sock *sk, struct sk_buff *skb, struct request_sock *req,
	     unsigned long fastopen)
{
	const struct tcphdr *tcp;
	__u64 words[2] = {};

	if ((__u8)fastopen || !netns_wanted(sk->__sk_common.skc_net.net))
		return 0;
	read_words(words, 2, skb->head + skb->transport_header);
	tcp = (const void *)words;
	if (tcp->ack && read_field(struct tcp_skb_cb, skb->cb, ack_seq) !=
				read_field(struct tcp_request_sock, req, snt_isn) + 1)
		return 0;
	return socket_rx(sk, skb, TSCOPE_F_REQUEST);
}

/* A SYN goes on to a listener, where tcp_v4_do_rcv() stamps it. */
SEC("fentry/tcp_timewait_state_process")
int BPF_PROG(tcp_timewait_state_process, struct sock *tw, struct sk_buff *skb)
{
	const struct tcphdr *tcp;
	__u64 words[2] = {};

	if (!netns_wanted(tw->__sk_common.skc_net.net))
		return 0;
	read_words(words, 2, skb->head + skb->transport_header);
	tcp = (const void *)words;
	if (tcp->syn)
		return 0;
	return socket_rx(tw, skb, TSCOPE_F_TIMEWAIT);
}

static __always_inline int socket_tx(const struct sock *sk, const struct sk_buff *skb, __u8 family)
{
	struct packet packet;
	__u64 header[HEADER_WORDS];

	if (!tcp_wanted(sk))
		return 0;
	begin(&packet, header, TSCOPE_SOCKET_TX);
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
