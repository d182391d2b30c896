/* SPDX-License-Identifier: GPL-2.0-only */
/* From a packet that a hook saw to a record in this CPU's ring. */
#ifndef TSCOPE_DELIVER_BPF_H
#define TSCOPE_DELIVER_BPF_H

#include "filter.bpf.h"

/*
 * What this CPU is doing. (The preempt count would tell of softirq, but programs can't read it on
 * every kernel.)
 */
struct cpu_state {
	__u32 napi_polls;	/* finished */
	__u32 in_softirq;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cpu_state);
} cpu_states SEC(".maps");

static __always_inline struct cpu_state *cpu_state(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&cpu_states, &zero);
}

static __always_inline void deliver(const struct packet *packet)
{
	__u32 cpu = bpf_get_smp_processor_id(), lap = 0;
	const struct cpu_state *state = cpu_state();
	struct tscope_record *record;
	bool softirq = state && state->in_softirq;

	if (!running || !wanted(packet))
		return;
	record = reserve(cpu, packet->vantage, packet->segs, &lap);
	if (!record)
		return;
	record->tsc = packet->stamp;
	record->netns = packet->netns;
	record->ifindex = packet->ifindex;
	record->seq = packet->seq;
	record->seq_end = packet->seq_end;
	record->wire_len = packet->wire_len;
	record->napi_poll = softirq ? state->napi_polls : 0;
	record->cpu = cpu;
	record->segs = packet->segs;
	record->flags = packet->flags | (softirq ? TSCOPE_F_SOFTIRQ : 0);
	record->header_len = packet->header_len;
	record->vantage = packet->vantage;
	record->kind = packet->kind;
	record->clock = clock_kind();
	__builtin_memcpy(record->link, packet->link, sizeof(record->link));
	record->vlan_tci = 0;
	__builtin_memcpy(record->header, packet->header, sizeof(record->header));
	commit(record, lap);
}

#endif
