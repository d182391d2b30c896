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
	__u32 casts;			/* the kernel casts addresses to pointers: bpf_rdonly_cast() */
	__u32 pages;			/* page fragments can be read: bpf_dynptr_from_skb() */
	__u32 guards;			/* programs can forbid preemption: bpf_preempt_disable() */
	__u32 own_netns;		/* inode number of the reader's: its devices are counted */
	struct tscope_filter filter;
};

#define TSCOPE_BPF_LINE 64

/*
 * What a CPU has to itself: what its programs touch for most packets is in its first cache line. The
 * loader writes `running` when every hook is attached, so that all vantage points begin together, and
 * when they end.
 */
struct tscope_bpf_ring {
	__u32 napi_polls;		/* finished */
	__u16 in_softirq;
	__u16 running;
	__u64 tail;			/* the reader's, as it was when the ring last looked full */
	struct tscope_ring_info info;
	__u64 unreadable[TSCOPE_VANTAGES];	/* packets whose headers no program of this type can read */
} __attribute__((aligned(TSCOPE_BPF_LINE)));

/* A reader's tail, alone in its cache line. */
struct tscope_bpf_tail {
	__u64 tail;
} __attribute__((aligned(TSCOPE_BPF_LINE)));

#endif
