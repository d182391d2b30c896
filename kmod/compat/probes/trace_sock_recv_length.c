// SPDX-License-Identifier: GPL-2.0-only
/* Linux 6.3 on. */
#include <trace/events/sock.h>

void probe(void (*function)(void *data, struct sock *sk, int ret, int flags));
void probe(void (*function)(void *data, struct sock *sk, int ret, int flags))
{
	check_trace_callback_type_sock_recv_length(function);
}
