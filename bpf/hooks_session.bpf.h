/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a TCP connection is established and where it is gone. As kmod/hooks_session.c has it. */
#ifndef TSCOPE_HOOKS_SESSION_BPF_H
#define TSCOPE_HOOKS_SESSION_BPF_H

#include "deliver.bpf.h"
#include "packet_made.bpf.h"

enum {
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT = 2,
	TCP_SYN_RECV = 3,
	TCP_CLOSE = 7,
	TCP_LISTEN = 10,
};

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(inet_sock_set_state, struct sock *sk, int from, int to)
{
	const struct tcp_sock *tp = (const void *)sk;
	bool opened = to == TCP_ESTABLISHED;
	/* A connection that never was established has nothing to close. */
	bool closed = to == TCP_CLOSE && from != TCP_SYN_SENT && from != TCP_SYN_RECV &&
		      from != TCP_LISTEN && from != TCP_CLOSE;
	struct packet packet;

	begin(&packet, TSCOPE_SESSION);
	packet.kind = opened ? TSCOPE_OPEN : TSCOPE_CLOSE;
	if ((opened || closed) && is_tcp(sk) &&
	    from_socket(&packet, sk, FROM_SOCKET, BPF_CORE_READ(tp, snd_nxt), 0))
		deliver(&packet);
	return 0;
}

#endif
