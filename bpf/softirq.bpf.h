/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether this CPU is in a soft interrupt, which the module asks the preempt count. */
#ifndef TSCOPE_SOFTIRQ_BPF_H
#define TSCOPE_SOFTIRQ_BPF_H

#include "deliver.bpf.h"

static __always_inline int set_softirq(bool in)
{
	struct tscope_bpf_ring *ring = ring_of(bpf_get_smp_processor_id());

	if (ring)
		ring->in_softirq = in;
	return 0;
}

/*
 * Attached before the entry's program: a soft interrupt that was seen to begin is seen to end, so no
 * CPU stays in one for good.
 */
SEC("tp_btf/softirq_exit")
int BPF_PROG(softirq_exit, unsigned int vector)
{
	return set_softirq(false);
}

SEC("tp_btf/softirq_entry")
int BPF_PROG(softirq_entry, unsigned int vector)
{
	return set_softirq(true);
}

#endif
