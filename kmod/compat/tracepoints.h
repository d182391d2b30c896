/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's declarations of the tracepoints that are hooked. */
#ifndef TSCOPE_COMPAT_TRACEPOINTS_H
#define TSCOPE_COMPAT_TRACEPOINTS_H

#include <trace/events/napi.h>
#include <trace/events/net.h>
#include <trace/events/sock.h>

#include "tscope_features.h"

#ifndef TSCOPE_HAVE_TRACE_SOCK_RECV_LENGTH
/* Its place is absent then. */
static inline void
check_trace_callback_type_sock_recv_length(void (*probe)(void *data, struct sock *sk, int ret, int flags))
{
}
#endif

#endif
