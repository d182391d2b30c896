/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a TCP connection is established and where it is gone. As kmod/hooks_session.c has it. */
#ifndef TSCOPE_HOOKS_SESSION_BPF_H
#define TSCOPE_HOOKS_SESSION_BPF_H

#include "deliver.bpf.h"
#include "packet_made.bpf.h"

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(inet_sock_set_state, struct sock *sk, int from, int to)
{
	bool opened = to == TCP_ESTABLISHED;
	/* A connection that never was established has nothing to close. */
	bool closed = to == TCP_CLOSE && from != TCP_SYN_SENT && from != TCP_SYN_RECV &&
		      from != TCP_LISTEN && from != TCP_CLOSE;
	struct packet packet;
	__u64 header[HEADER_WORDS];

	if ((!opened && !closed) || !tcp_wanted(sk))
		return 0;
	begin(&packet, header, TSCOPE_SESSION);
	packet.kind = opened ? TSCOPE_OPEN : TSCOPE_CLOSE;
	if (from_socket(&packet, sk, FROM_SOCKET, read_field(struct tcp_sock, sk, snd_nxt), 0))
		deliver(&packet);
	return 0;
}

#endif
