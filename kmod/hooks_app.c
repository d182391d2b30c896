// SPDX-License-Identifier: GPL-2.0-only
/* Where a process asks TCP to send, and where a receive call gives it bytes. */
#include <linux/tcp.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "compat/compat.h"
#include "deliver.h"
#include "hooks.h"
#include "packet.h"
#include "stamp.h"

/* tcp_sendmsg(sk, msg, size), before the socket lock: waiting for it counts as delay. */
TSCOPE_AT_FUNCTION(tcp_sendmsg)
{
	const struct sock *sk = (void *)tscope_argument(regs, 0);
	struct tscope_packet packet;

	/* A socket that is not connected yet has no place in any stream for what MSG_FASTOPEN sends. */
	if ((1 << READ_ONCE(sk->sk_state)) & (TCPF_CLOSE | TCPF_LISTEN))
		return;
	if (!tscope_stamp(&packet, TSCOPE_APP_TX, sock_net(sk), 0))
		return;
	if (!tscope_packet_from_socket(&packet, sk, TSCOPE_FROM_SOCKET,
				       READ_ONCE(tcp_sk(sk)->write_seq), tscope_argument(regs, 2)))
		return;
	packet.flags |= TSCOPE_F_ASKED;
	tscope_deliver(&packet);
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

static void received(const struct sock *sk, int bytes, int flags)
{
	struct tscope_packet packet;
	u32 ours;

	/* An urgent byte is read out of the stream's order. */
	if (bytes <= 0 || flags & (MSG_ERRQUEUE | MSG_OOB) || !tscope_is_tcp(sk))
		return;
	if (!tscope_stamp(&packet, TSCOPE_APP_RX, sock_net(sk), 0))
		return;
	ours = tscope_socket_flags(sk);
	if (ours & TSCOPE_F_ULP ? !tscope_packet_from_socket(&packet, sk, TSCOPE_TO_SOCKET, 0, 0) :
				  !tscope_packet_from_socket(&packet, sk, TSCOPE_TO_SOCKET,
							     place_of(sk, bytes, flags), bytes))
		return;
	if (flags & MSG_PEEK)
		packet.flags |= TSCOPE_F_PEEK;
	tscope_deliver(&packet);
}

/* Linux 6.3 and later; every protocol's receive calls pass here. */
static void at_sock_recv_length(void *data, struct sock *sk, int ret, int flags)
{
	received(sk, ret, flags);
}

struct tcp_recvmsg_call {
	const struct sock *sk;
	int flags;
};

/* tcp_recvmsg(sk, msg, len, flags, addr_len) */
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
