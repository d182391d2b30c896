/* SPDX-License-Identifier: GPL-2.0-only */
/* The stamp: the module's TSC read if it is loaded, else the kernel's monotonic clock. */
#ifndef TSCOPE_CLOCK_BPF_H
#define TSCOPE_CLOCK_BPF_H

#include "config.h"

const volatile struct tscope_bpf_config config = {};

#ifndef TSCOPE_NO_KFUNCS
/* Where it is not there the loader clears config.tsc, and the verifier takes the call out. */
extern __u64 bpf_tscope_tsc(void) __ksym __weak;

static __always_inline __u64 now(void)
{
	return config.tsc ? bpf_tscope_tsc() : bpf_ktime_get_ns();
}
#else
static __always_inline __u64 now(void)
{
	return bpf_ktime_get_ns();
}
#endif

static __always_inline __u8 clock_kind(void)
{
	return config.tsc ? TSCOPE_CLOCK_TSC : TSCOPE_CLOCK_MONOTONIC;
}

#endif
