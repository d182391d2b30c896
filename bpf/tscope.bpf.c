// SPDX-License-Identifier: GPL-2.0-only
/* All programs in one object: each layer's, as kmod/hooks_*.c have them. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

/* First, since programs are attached in this order: each CPU's state is to be true when others begin. */
#include "softirq.bpf.h"

#include "hooks_app.bpf.h"
#include "hooks_datagram.bpf.h"
#include "hooks_driver.bpf.h"
#include "hooks_qdisc.bpf.h"
#include "hooks_session.bpf.h"
#include "hooks_socket.bpf.h"

char LICENSE[] SEC("license") = "GPL";
