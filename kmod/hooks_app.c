// SPDX-License-Identifier: GPL-2.0-only
/* Where a process asks TCP to send, and where a receive call gives it bytes. */
#include <linux/tcp.h>
#include <net/sock.h>
#include <net/tcp.h>
#include <net/tcp_states.h>

#include "clock.h"
#include "compat/compat.h"
#include "compat/tracepoints.h"
#include "deliver.h"
#include "hooks.h"
#include "packet.h"

static noinline void record_app_tx(const struct sock *sk, u32 bytes)
{
	struct tscope_packet packet;

	/* A socket that is not connected yet has no place in any stream for what MSG_FASTOPEN sends. */
	if ((1 << READ_ONCE(sk->sk_state)) & (TCPF_CLOSE | TCPF_LISTEN))
		return;
	packet.tsc = tscope_now();
	packet.vantage = TSCOPE_APP_TX;
	if (!tscope_packet_from_socket(&packet, sk, TSCOPE_FROM_SOCKET, READ_ONCE(tcp_sk(sk)->write_seq),
				       bytes))
		return;
	packet.flags |= TSCOPE_F_ASKED;
	tscope_deliver(&packet, NULL);
}

/* tcp_sendmsg(sk, msg, size), before the socket lock: waiting for it counts as delay. */
TSCOPE_AT_DECLARED(tcp_sendmsg, tcp_sendmsg, int, struct sock *, struct msghdr *, size_t)
{
	const struct sock *sk = (void *)tscope_argument(regs, 0);

	if (tscope_listener_at(sock_net(sk), TSCOPE_APP_TX, 0))
		record_app_tx(sk, tscope_argument(regs, 2));
}

/*
 * The place in the stream of what a receive call gave. Of a socket whose calls are not TCP's own there is
 * none: its bytes are others than the stream's (kTLS), or move no pointer of TCP's (sockmap).
 */
static u32 place_of(const struct sock *sk, int bytes, int flags)
{
	u32 copied = READ_ONCE(tcp_sk(sk)->copied_seq);
	int peeked = READ_ONCE(sk->sk_peek_off);

	if (!(flags & MSG_PEEK))
		return copied - bytes;
	/* SO_PEEK_OFF, which the call has moved on by then. */
	return peeked >= bytes ? copied + peeked - bytes : copied;
}

static noinline void record_app_rx(const struct sock *sk, int bytes, int flags)
{
	struct tscope_packet packet;
	bool ours;

	packet.tsc = tscope_now();
	packet.vantage = TSCOPE_APP_RX;
	ours = !(tscope_socket_flags(sk) & TSCOPE_F_ULP);
	if (!tscope_packet_from_socket(&packet, sk, TSCOPE_TO_SOCKET,
				       ours ? place_of(sk, bytes, flags) : 0, ours ? bytes : 0))
		return;
	if (flags & MSG_PEEK)
		packet.flags |= TSCOPE_F_PEEK;
	tscope_deliver(&packet, NULL);
}

static __always_inline void received(const struct sock *sk, int bytes, int flags)
{
	/* An urgent byte is read out of the stream's order. */
	if (bytes <= 0 || flags & (MSG_ERRQUEUE | MSG_OOB) || !tscope_is_tcp(sk))
		return;
	if (tscope_listener_at(sock_net(sk), TSCOPE_APP_RX, 0))
		record_app_rx(sk, bytes, flags);
}

/* Linux 6.3 and later; every protocol's receive calls pass here. */
TSCOPE_AT_TRACEPOINT(sock_recv_length, sock_recv_length, struct sock *sk, int ret, int flags)
{
	received(sk, ret, flags);
}

struct tcp_recvmsg_call {
	const struct sock *sk;
	int flags;
};

/* tcp_recvmsg(sk, msg, len, flags, ...) */
TSCOPE_TAKES(tcp_recvmsg, struct sock *, struct msghdr *, size_t, int);

static int before_tcp_recvmsg(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct tcp_recvmsg_call *call = (struct tcp_recvmsg_call *)instance->data;

	call->sk = (void *)regs_get_kernel_argument(regs, 0);
	call->flags = regs_get_kernel_argument(regs, 3);
	return 0;
}

static int at_tcp_recvmsg(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	const struct tcp_recvmsg_call *call = (struct tcp_recvmsg_call *)instance->data;

	received(call->sk, regs_return_value(regs), call->flags);
	return 0;
}

static struct tscope_place places[] = { TSCOPE_APP_PLACES(TSCOPE_PLACE) };
const struct tscope_layer tscope_app_layer = { places, ARRAY_SIZE(places) };
