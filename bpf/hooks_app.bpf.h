/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a process asks TCP to send, and where a receive call gives it bytes. As kmod/hooks_app.c has it. */
#ifndef TSCOPE_HOOKS_APP_BPF_H
#define TSCOPE_HOOKS_APP_BPF_H

#include "deliver.bpf.h"
#include "packet_made.bpf.h"

#define MSG_PEEK 2
#define MSG_ERRQUEUE 0x2000

SEC("fentry/tcp_sendmsg")
int BPF_PROG(tcp_sendmsg, struct sock *sk, struct msghdr *msg, unsigned long size)
{
	const struct tcp_sock *tp = (const void *)sk;
	struct packet packet;

	begin(&packet, TSCOPE_APP_TX);
	packet.flags = TSCOPE_F_ASKED;
	if (from_socket(&packet, sk, FROM_SOCKET, BPF_CORE_READ(tp, write_seq), size))
		deliver(&packet);
	return 0;
}

static __always_inline int app_rx(const struct sock *sk, int bytes, int flags)
{
	const struct tcp_sock *tp = (const void *)sk;
	struct packet packet;
	__u32 seq;

	begin(&packet, TSCOPE_APP_RX);
	if (bytes <= 0 || flags & MSG_ERRQUEUE || !is_tcp(sk))
		return 0;
	seq = BPF_CORE_READ(tp, copied_seq);
	if (flags & MSG_PEEK)
		packet.flags = TSCOPE_F_PEEK;
	else
		seq -= bytes;
	if (from_socket(&packet, sk, TO_SOCKET, seq, bytes))
		deliver(&packet);
	return 0;
}

/* Linux 6.3 and later; every protocol's receive calls pass here. */
SEC("tp_btf/sock_recv_length")
int BPF_PROG(sock_recv_length, struct sock *sk, int ret, int flags)
{
	return app_rx(sk, ret, flags);
}

/* The loader takes the program that fits this kernel's arguments. */
SEC("fexit/tcp_recvmsg")
int BPF_PROG(tcp_recvmsg, struct sock *sk, struct msghdr *msg, unsigned long len, int flags,
	     int *addr_len, int ret)
{
	return app_rx(sk, ret, flags);
}

/* Linux 5.12 to 5.18. */
SEC("fexit/tcp_recvmsg")
int BPF_PROG(tcp_recvmsg_nonblock, struct sock *sk, struct msghdr *msg, unsigned long len,
	     int nonblock, int flags, int *addr_len, int ret)
{
	return app_rx(sk, ret, flags);
}

#endif
