/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a process asks TCP to send, and where a receive call gives it bytes. As kmod/hooks_app.c has it. */
#ifndef TSCOPE_HOOKS_APP_BPF_H
#define TSCOPE_HOOKS_APP_BPF_H

#include "deliver.bpf.h"
#include "packet_made.bpf.h"

#define MSG_OOB 1
#define MSG_PEEK 2
#define MSG_ERRQUEUE 0x2000

SEC("fentry/tcp_sendmsg")
int BPF_PROG(tcp_sendmsg, struct sock *sk, struct msghdr *msg, unsigned long size)
{
	struct packet packet;
	__u64 header[HEADER_WORDS];

	/* A socket that is not connected yet has no place in any stream for what MSG_FASTOPEN sends. */
	if (sk->__sk_common.skc_state == TCP_CLOSE || sk->__sk_common.skc_state == TCP_LISTEN ||
	    !tcp_wanted(sk))
		return 0;
	begin(&packet, header, TSCOPE_APP_TX);
	packet.flags = TSCOPE_F_ASKED;
	if (from_socket(&packet, sk, FROM_SOCKET, read_field(struct tcp_sock, sk, write_seq), size))
		deliver(&packet);
	return 0;
}

/*
 * The place in the stream of what a receive call gave. Of a socket whose calls are not TCP's own there is
 * none: its bytes are others than the stream's (kTLS), or move no pointer of TCP's (sockmap).
 */
static __always_inline __u32 place_of(const struct sock *sk, int bytes, int flags)
{
	__u32 copied = read_field(struct tcp_sock, sk, copied_seq);
	int peeked = sk->sk_peek_off;

	if (!(flags & MSG_PEEK))
		return copied - bytes;
	/* SO_PEEK_OFF, which the call has moved on by then. */
	return peeked >= bytes ? copied + peeked - bytes : copied;
}

static __always_inline int app_rx(const struct sock *sk, int bytes, int flags)
{
	struct packet packet;
	__u64 header[HEADER_WORDS];
	__u32 seq = 0;

	/* An urgent byte is read out of the stream's order. */
	if (bytes <= 0 || flags & (MSG_ERRQUEUE | MSG_OOB) || !tcp_wanted(sk))
		return 0;
	begin(&packet, header, TSCOPE_APP_RX);
	if (flags & MSG_PEEK)
		packet.flags = TSCOPE_F_PEEK;
	if (socket_flags(sk) & TSCOPE_F_ULP)
		bytes = 0;
	else
		seq = place_of(sk, bytes, flags);
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
