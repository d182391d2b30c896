/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One ring a CPU, with the protocol of uapi/tscope.h, in arrays that the reader maps: the same
 * reader serves both engines. (A BPF ring buffer is one queue with a lock for all CPUs, and knows
 * no losses by vantage point.)
 */
#ifndef TSCOPE_RING_BPF_H
#define TSCOPE_RING_BPF_H

#include "clock.bpf.h"

#define RESERVE_TRIES 8

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);		/* set by the loader, as those below */
	__type(key, __u32);
	__type(value, struct tscope_record);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tscope_ring_info);
} rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tscope_bpf_tail);
} tails SEC(".maps");

static __always_inline void count_loss(struct tscope_ring_info *ring, __u32 vantage,
				       enum tscope_loss cause, __u32 segs)
{
	struct tscope_loss_count *count;

	barrier_var(vantage);
	if (vantage >= TSCOPE_VANTAGES)
		return;
	count = &ring->lost[vantage][cause];
	__sync_fetch_and_add(&count->records, 1);
	__sync_fetch_and_add(&count->segments, segs);
}

/* The slot, and in *lap what commit() is to store there; NULL: counted as lost. */
static __always_inline struct tscope_record *reserve(__u32 cpu, __u32 vantage, __u32 segs,
						     __u32 *lap)
{
	struct tscope_ring_info *ring = bpf_map_lookup_elem(&rings, &cpu);
	struct tscope_bpf_tail *tail = bpf_map_lookup_elem(&tails, &cpu);
	__u64 head;
	__u32 slot;
	int i;

	if (!ring || !tail)
		return NULL;
	for (i = 0; i < RESERVE_TRIES; i++) {
		head = *(volatile __u64 *)&ring->head;
		if (head - *(volatile __u64 *)&tail->tail >= config.slots) {
			count_loss(ring, vantage, TSCOPE_LOST_FULL, segs);
			return NULL;
		}
		if (__sync_val_compare_and_swap(&ring->head, head, head + 1) != head)
			continue;
		*lap = (head >> config.shift) + 1;
		slot = cpu * config.slots + (head & (config.slots - 1));
		return bpf_map_lookup_elem(&records, &slot);
	}
	count_loss(ring, vantage, TSCOPE_LOST_CONTENDED, segs);
	return NULL;
}

/* x86 keeps stores in order; the barrier keeps the compiler to it. */
static __always_inline void commit(struct tscope_record *record, __u32 lap)
{
	barrier();
	*(volatile __u32 *)&record->commit = lap;
}

#endif
