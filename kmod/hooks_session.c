// SPDX-License-Identifier: GPL-2.0-only
/* Where a TCP connection is established and where it is gone. */
#include <linux/tcp.h>
#include <net/tcp_states.h>

#include "compat/tracepoints.h"
#include "deliver.h"
#include "hooks.h"
#include "packet.h"
#include "stamp.h"

TSCOPE_AT_TRACEPOINT(inet_sock_set_state, inet_sock_set_state, const struct sock *sk, const int from,
		     const int to)
{
	struct tscope_packet packet;
	bool opened = to == TCP_ESTABLISHED;
	/* A connection that never was established has nothing to close. */
	bool closed = to == TCP_CLOSE && from != TCP_SYN_SENT && from != TCP_SYN_RECV &&
		      from != TCP_LISTEN && from != TCP_CLOSE;

	if ((!opened && !closed) || !tscope_is_tcp(sk))
		return;
	if (!tscope_stamp(&packet, TSCOPE_SESSION, sock_net(sk), 0))
		return;
	if (!tscope_packet_from_socket(&packet, sk, TSCOPE_FROM_SOCKET,
				       READ_ONCE(tcp_sk(sk)->snd_nxt), 0))
		return;
	packet.kind = opened ? TSCOPE_OPEN : TSCOPE_CLOSE;
	tscope_deliver(&packet, NULL);
}

static struct tscope_place places[] = { TSCOPE_SESSION_PLACES(TSCOPE_PLACE) };
const struct tscope_layer tscope_session_layer = { places, ARRAY_SIZE(places) };
