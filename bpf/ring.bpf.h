/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One ring a CPU, with the protocol of uapi/tscope.h, in arrays that the reader maps: the same
 * reader serves both engines. (A BPF ring buffer is one queue with a lock for all CPUs, and knows
 * no losses by vantage point.)
 */
#ifndef TSCOPE_RING_BPF_H
#define TSCOPE_RING_BPF_H

#include "clock.bpf.h"

/* A try fails if a hook in an interrupt comes between. Each is checked again by the kernel as it loads. */
#define RESERVE_TRIES 4

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
	__type(value, struct tscope_bpf_ring);
} rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tscope_bpf_tail);
} tails SEC(".maps");

static __always_inline struct tscope_bpf_ring *ring_of(__u32 cpu)
{
	return bpf_map_lookup_elem(&rings, &cpu);
}

/* Atomic, as the next: a hook in an interrupt may come between the load and the store. */
static __always_inline void count_loss(struct tscope_ring_info *info, __u32 vantage,
				       enum tscope_loss cause, __u32 segs)
{
	struct tscope_loss_count *count;

	barrier_var(vantage);
	if (vantage >= TSCOPE_VANTAGES)
		return;
	count = &info->lost[vantage][cause];
	__sync_fetch_and_add(&count->records, 1);
	__sync_fetch_and_add(&count->segments, segs);
}

static __always_inline void count_unreadable(__u32 vantage)
{
	struct tscope_bpf_ring *ring = ring_of(bpf_get_smp_processor_id());

	barrier_var(vantage);
	if (ring && ring->running && vantage < TSCOPE_VANTAGES)
		__sync_fetch_and_add(&ring->unreadable[vantage], 1);
}

/* The tail is another CPU's cache line: it is looked at when the ring seems full. */
static __always_inline bool is_full(struct tscope_bpf_ring *ring, __u32 cpu, __u64 head)
{
	struct tscope_bpf_tail *tail;

	if (head - *(volatile __u64 *)&ring->tail < config.slots)
		return false;
	tail = bpf_map_lookup_elem(&tails, &cpu);
	if (!tail)
		return true;
	*(volatile __u64 *)&ring->tail = *(volatile __u64 *)&tail->tail;
	return head - *(volatile __u64 *)&ring->tail >= config.slots;
}

/* The slot, and in *lap what commit() is to store there; NULL: counted as lost. */
static __always_inline struct tscope_record *reserve(struct tscope_bpf_ring *ring, __u32 cpu,
						     __u32 vantage, __u32 segs, __u32 *lap)
{
	struct tscope_ring_info *info = &ring->info;
	__u64 head;
	__u32 slot;
	int i;

	for (i = 0; i < RESERVE_TRIES; i++) {
		head = *(volatile __u64 *)&info->head;
		if (is_full(ring, cpu, head)) {
			count_loss(info, vantage, TSCOPE_LOST_FULL, segs);
			return NULL;
		}
		if (__sync_val_compare_and_swap(&info->head, head, head + 1) != head)
			continue;
		*lap = (head >> config.shift) + 1;
		slot = cpu * config.slots + (head & (config.slots - 1));
		return bpf_map_lookup_elem(&records, &slot);
	}
	count_loss(info, vantage, TSCOPE_LOST_CONTENDED, segs);
	return NULL;
}

/*
 * Programs at functions may be preempted where the kernel is built so, those at tracepoints not. One that
 * is preempted between reserve() and commit() stops its CPU's ring until it runs again: the reader can't
 * go past the slot, nor give back what is behind it. They stay on the CPU where they can (Linux 6.10 and
 * later).
 */
#ifndef TSCOPE_NO_KFUNCS
extern void bpf_preempt_disable(void) __ksym __weak;
extern void bpf_preempt_enable(void) __ksym __weak;

static __always_inline void stay_on_cpu(void)
{
	if (config.guards)
		bpf_preempt_disable();
}

static __always_inline void may_leave_cpu(void)
{
	if (config.guards)
		bpf_preempt_enable();
}
#else
static __always_inline void stay_on_cpu(void) {}
static __always_inline void may_leave_cpu(void) {}
#endif

/* x86 keeps stores in order; the barrier keeps the compiler to it. */
static __always_inline void commit(struct tscope_record *record, __u32 lap)
{
	barrier();
	*(volatile __u32 *)&record->commit = lap;
}

#endif
