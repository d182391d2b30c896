// SPDX-License-Identifier: GPL-2.0-only
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

#include <asm/local64.h>

#include "compat/compat.h"
#include "ring.h"

/* An interrupt of ours can come between reading head and moving it, and there another. */
#define RESERVE_TRIES 8

static unsigned int ring_limit_mib;
module_param(ring_limit_mib, uint, 0644);
MODULE_PARM_DESC(ring_limit_mib, "memory for the rings of all sessions, MiB (0: a quarter of RAM)");

static atomic_long_t ring_bytes_in_use;

static bool charge(size_t bytes)
{
	long limit = ring_limit_mib ? (long)ring_limit_mib << 20
				    : (long)(totalram_pages() / 4) << PAGE_SHIFT;

	if (atomic_long_add_return(bytes, &ring_bytes_in_use) <= limit)
		return true;
	atomic_long_sub(bytes, &ring_bytes_in_use);
	return false;
}

static void wake_reader(struct irq_work *work)
{
	struct tscope_ring *ring = container_of(work, struct tscope_ring, wake);

	wake_up_interruptible(ring->wait);
}

static void describe(struct tscope_rings *rings, u32 slots)
{
	struct tscope_map_info *info = rings->info;

	info->size = struct_size(info, rings, rings->cpus);
	info->record_version = TSCOPE_RECORD_VERSION;
	info->record_size = sizeof(struct tscope_record);
	info->cpus = rings->cpus;
	info->slots = slots;
	info->state = TSCOPE_CONFIGURED;
	info->ring_bytes = rings->ring_bytes;
	info->tail_bytes = rings->tail_bytes;
	info->tail_stride = TSCOPE_TAIL_STRIDE;
}

struct tscope_rings *tscope_rings_alloc(u32 slots, u32 watermark, struct wait_queue_head *wait)
{
	struct tscope_rings *rings;
	u32 cpu, cpus = nr_cpu_ids;

	rings = kvzalloc(struct_size(rings, rings, cpus), GFP_KERNEL);
	if (!rings)
		return NULL;
	rings->cpus = cpus;
	rings->info_bytes = PAGE_ALIGN(struct_size(rings->info, rings, cpus));
	rings->tail_bytes = PAGE_ALIGN(cpus * TSCOPE_TAIL_STRIDE);
	rings->ring_bytes = PAGE_ALIGN((size_t)slots * sizeof(struct tscope_record));

	if (!charge(cpus * rings->ring_bytes))
		goto fail;
	rings->charged = cpus * rings->ring_bytes;

	rings->info = vmalloc_user(rings->info_bytes);
	rings->tails = vmalloc_user(rings->tail_bytes);
	if (!rings->info || !rings->tails)
		goto fail;
	describe(rings, slots);

	for (cpu = 0; cpu < cpus; cpu++) {
		struct tscope_ring *ring = &rings->rings[cpu];

		ring->slots = vmalloc_user(rings->ring_bytes);
		if (!ring->slots)
			goto fail;
		ring->info = &rings->info->rings[cpu];
		ring->tail = (u64 *)((char *)rings->tails + cpu * TSCOPE_TAIL_STRIDE);
		ring->mask = slots - 1;
		ring->shift = ilog2(slots);
		ring->watermark = watermark;
		ring->wait = wait;
		init_irq_work(&ring->wake, wake_reader);
	}
	return rings;

fail:
	tscope_rings_free(rings);
	return NULL;
}

/* Nobody can reserve any more: the caller waited for the hooks. */
void tscope_rings_free(struct tscope_rings *rings)
{
	u32 cpu;

	if (!rings)
		return;
	for (cpu = 0; cpu < rings->cpus; cpu++) {
		if (rings->rings[cpu].wait)
			irq_work_sync(&rings->rings[cpu].wake);
		vfree(rings->rings[cpu].slots);
	}
	vfree(rings->tails);
	vfree(rings->info);
	atomic_long_sub(rings->charged, &ring_bytes_in_use);
	kvfree(rings);
}

void *tscope_rings_region(struct tscope_rings *rings, u64 offset, size_t bytes, bool *writable)
{
	u64 cpu;

	*writable = false;
	if (offset == TSCOPE_MMAP_INFO)
		return bytes == rings->info_bytes ? rings->info : NULL;
	if (offset == TSCOPE_MMAP_TAIL) {
		*writable = true;
		return bytes == rings->tail_bytes ? rings->tails : NULL;
	}
	if (offset < TSCOPE_MMAP_DATA || bytes != rings->ring_bytes)
		return NULL;
	offset -= TSCOPE_MMAP_DATA;
	cpu = div64_u64(offset, rings->ring_bytes);
	if (cpu >= rings->cpus || offset != cpu * rings->ring_bytes)
		return NULL;
	return rings->rings[cpu].slots;
}

static u64 ring_used(const struct tscope_ring *ring)
{
	return READ_ONCE(ring->info->head) - READ_ONCE(*ring->tail);
}

bool tscope_rings_readable(const struct tscope_rings *rings)
{
	u32 cpu;

	for (cpu = 0; cpu < rings->cpus; cpu++) {
		if (ring_used(&rings->rings[cpu]) >= rings->rings[cpu].watermark)
			return true;
	}
	return false;
}

static void count_loss(struct tscope_ring *ring, u8 vantage, enum tscope_loss cause, u32 segs)
{
	struct tscope_loss_count *count = &ring->info->lost[vantage][cause];

	/* local: an interrupt's hook may count in the middle of ours */
	local64_inc((local64_t *)&count->records);
	local64_add(segs, (local64_t *)&count->segments);
}

struct tscope_record *tscope_ring_reserve(struct tscope_ring *ring, u8 vantage, u32 segs,
					  u64 *index)
{
	local64_t *shared_head = (local64_t *)&ring->info->head;
	s64 head = local64_read(shared_head);
	int tries;

	BUILD_BUG_ON(sizeof(local64_t) != sizeof(ring->info->head));
	for (tries = 0; tries < RESERVE_TRIES; tries++) {
		/* Pairs with the reader's store-release: it has copied what we overwrite. */
		u64 used = (u64)head - smp_load_acquire(ring->tail);
		s64 seen;

		/* A tail ahead of head, which only a scribbler makes, looks full as well. */
		if (used > ring->mask) {
			count_loss(ring, vantage, TSCOPE_LOST_FULL, segs);
			return NULL;
		}
		seen = local64_cmpxchg(shared_head, head, head + 1);
		if (seen == head) {
			if (used + 1 == ring->watermark)
				irq_work_queue(&ring->wake);
			*index = head;
			return &ring->slots[head & ring->mask];
		}
		head = seen;
	}
	count_loss(ring, vantage, TSCOPE_LOST_CONTENDED, segs);
	return NULL;
}

void tscope_ring_commit(struct tscope_ring *ring, struct tscope_record *record, u64 index)
{
	/* Pairs with the reader's load-acquire: it sees the whole record or no lap number. */
	smp_store_release(&record->commit, (u32)(index >> ring->shift) + 1);
}
