/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* What the loader tells the programs, in read-only data that the verifier treats as constants. */
#ifndef TSCOPE_BPF_CONFIG_H
#define TSCOPE_BPF_CONFIG_H

#include "uapi/tscope.h"

struct tscope_bpf_config {
	__u32 vantages;			/* bits */
	__u32 slots;			/* a ring, a power of two */
	__u32 shift;			/* its logarithm */
	__u32 cpus;			/* rings */
	__u32 netns;			/* inode number; 0: all */
	__u32 tsc;			/* the module's clock is there */
	__u32 pad;
	struct tscope_filter filter;
};

/* A reader's tail, alone in its cache line. */
struct tscope_bpf_tail {
	__u64 tail;
	__u64 pad[7];
};

#endif
