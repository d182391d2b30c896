// SPDX-License-Identifier: GPL-2.0-only
/* Where a process asks TCP to send, and where a receive call gives it bytes. */
#include <linux/tcp.h>
#include <net/sock.h>

#include "clock.h"
#include "compat/compat.h"
#include "deliver.h"
#include "hooks.h"
#include "packet.h"

/* tcp_sendmsg(sk, msg, size), before the socket lock: waiting for it counts as delay. */
TSCOPE_AT_FUNCTION(tcp_sendmsg)
{
	u64 tsc = tscope_now();
	const struct sock *sk = (void *)tscope_argument(regs, 0);
	struct tscope_packet packet;

	packet.tsc = tsc;
	packet.vantage = TSCOPE_APP_TX;
	if (!tscope_packet_from_socket(&packet, sk, TSCOPE_FROM_SOCKET,
				       READ_ONCE(tcp_sk(sk)->write_seq), tscope_argument(regs, 2)))
		return;
	packet.flags |= TSCOPE_F_ASKED;
	tscope_deliver(&packet);
}

static void received(u64 tsc, const struct sock *sk, int bytes, int flags)
{
	struct tscope_packet packet;
	u32 seq;

	if (bytes <= 0 || flags & MSG_ERRQUEUE || !tscope_is_tcp(sk))
		return;
	seq = READ_ONCE(tcp_sk(sk)->copied_seq);
	if (!(flags & MSG_PEEK))
		seq -= bytes;
	packet.tsc = tsc;
	packet.vantage = TSCOPE_APP_RX;
	if (!tscope_packet_from_socket(&packet, sk, TSCOPE_TO_SOCKET, seq, bytes))
		return;
	if (flags & MSG_PEEK)
		packet.flags |= TSCOPE_F_PEEK;
	tscope_deliver(&packet);
}

/* Linux 6.3 and later; every protocol's receive calls pass here. */
static void at_sock_recv_length(void *data, struct sock *sk, int ret, int flags)
{
	u64 tsc = tscope_now();

	received(tsc, sk, ret, flags);
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
	u64 tsc = tscope_now();
	const struct tcp_recvmsg_call *call = (struct tcp_recvmsg_call *)instance->data;

	received(tsc, call->sk, regs_return_value(regs), call->flags);
	return 0;
}

static struct tscope_place places[] = { TSCOPE_APP_PLACES(TSCOPE_PLACE) };
const struct tscope_layer tscope_app_layer = { places, ARRAY_SIZE(places) };
