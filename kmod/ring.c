// SPDX-License-Identifier: GPL-2.0-only
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/topology.h>
#include <linux/wait.h>

#include "compat/compat.h"
#include "region.h"
#include "ring.h"

static unsigned int ring_limit_mib;
module_param(ring_limit_mib, uint, 0644);
MODULE_PARM_DESC(ring_limit_mib, "memory for the rings of all sessions, MiB (0: a quarter of RAM)");

static atomic_long_t ring_bytes_in_use;

static bool charge(size_t bytes)
{
	unsigned int limit_mib = READ_ONCE(ring_limit_mib);
	long limit = limit_mib ? (long)limit_mib << 20 : (long)(totalram_pages() / 4) << PAGE_SHIFT;

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

static void describe(struct tscope_rings *rings, u32 slots, size_t ring_bytes)
{
	struct tscope_map_info *info = rings->info;

	info->size = struct_size(info, rings, rings->cpus);
	info->record_version = TSCOPE_RECORD_VERSION;
	info->record_size = sizeof(struct tscope_record);
	info->cpus = rings->cpus;
	info->slots = slots;
	info->state = TSCOPE_CONFIGURED;
	info->ring_bytes = ring_bytes;
	info->tail_bytes = rings->tail_region->bytes;
	info->tail_stride = TSCOPE_TAIL_STRIDE;
}

static bool alloc_regions(struct tscope_rings *rings, size_t info_bytes, size_t tail_bytes,
			  size_t ring_bytes)
{
	u32 cpu;

	rings->info_region = tscope_region_alloc(info_bytes, NUMA_NO_NODE);
	rings->tail_region = tscope_region_alloc(tail_bytes, NUMA_NO_NODE);
	if (!rings->info_region || !rings->tail_region)
		return false;
	rings->info = rings->info_region->memory;
	for (cpu = 0; cpu < rings->cpus; cpu++) {
		rings->regions[cpu] = tscope_region_alloc(ring_bytes, cpu_possible(cpu) ? cpu_to_node(cpu) :
											 NUMA_NO_NODE);
		if (!rings->regions[cpu])
			return false;
	}
	return true;
}

struct tscope_rings *tscope_rings_alloc(u32 slots, u32 watermark, struct wait_queue_head *wait)
{
	size_t ring_bytes = PAGE_ALIGN((size_t)slots * sizeof(struct tscope_record));
	size_t info_bytes, tail_bytes, bytes;
	struct tscope_rings *rings;
	u32 cpu, cpus = nr_cpu_ids;

	rings = kvzalloc(struct_size(rings, regions, cpus), GFP_KERNEL_ACCOUNT);
	if (!rings)
		return NULL;
	rings->cpus = cpus;
	info_bytes = PAGE_ALIGN(struct_size(rings->info, rings, cpus));
	tail_bytes = PAGE_ALIGN(cpus * TSCOPE_TAIL_STRIDE);
	bytes = info_bytes + tail_bytes + cpus * ring_bytes;
	if (!charge(bytes))
		goto fail;
	rings->charged = bytes;
	if (!alloc_regions(rings, info_bytes, tail_bytes, ring_bytes))
		goto fail;
	rings->ring = alloc_percpu_gfp(struct tscope_ring, GFP_KERNEL_ACCOUNT);
	if (!rings->ring)
		goto fail;
	describe(rings, slots, ring_bytes);
	for_each_possible_cpu(cpu) {
		struct tscope_ring *ring = per_cpu_ptr(rings->ring, cpu);

		ring->slots = rings->regions[cpu]->memory;
		ring->info = &rings->info->rings[cpu];
		ring->tail = rings->tail_region->memory + cpu * TSCOPE_TAIL_STRIDE;
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
	if (rings->ring) {
		for_each_possible_cpu(cpu)
			irq_work_sync(&per_cpu_ptr(rings->ring, cpu)->wake);
		free_percpu(rings->ring);
	}
	for (cpu = 0; cpu < rings->cpus; cpu++)
		tscope_region_free(rings->regions[cpu]);
	tscope_region_free(rings->tail_region);
	tscope_region_free(rings->info_region);
	atomic_long_sub(rings->charged, &ring_bytes_in_use);
	kvfree(rings);
}

static void *whole(const struct tscope_region *region, size_t bytes)
{
	return bytes == region->bytes ? region->memory : NULL;
}

void *tscope_rings_region(struct tscope_rings *rings, u64 offset, size_t bytes, bool *writable)
{
	u64 cpu, ring_bytes = rings->info->ring_bytes;

	*writable = false;
	if (offset == TSCOPE_MMAP_INFO)
		return whole(rings->info_region, bytes);
	if (offset == TSCOPE_MMAP_TAIL) {
		*writable = true;
		return whole(rings->tail_region, bytes);
	}
	if (offset < TSCOPE_MMAP_DATA)
		return NULL;
	offset -= TSCOPE_MMAP_DATA;
	cpu = div64_u64(offset, ring_bytes);
	if (cpu >= rings->cpus || offset != cpu * ring_bytes)
		return NULL;
	return whole(rings->regions[array_index_nospec(cpu, rings->cpus)], bytes);
}

static u64 ring_used(const struct tscope_ring *ring)
{
	return READ_ONCE(ring->info->head) - READ_ONCE(*ring->tail);
}

bool tscope_rings_readable(const struct tscope_rings *rings)
{
	u32 cpu;

	for_each_possible_cpu(cpu) {
		const struct tscope_ring *ring = per_cpu_ptr(rings->ring, cpu);

		if (ring_used(ring) >= ring->watermark)
			return true;
	}
	return false;
}

void tscope_ring_count_loss(struct tscope_ring *ring, u8 vantage, enum tscope_loss cause, u32 segs)
{
	struct tscope_loss_count *lost = &ring->info->lost[vantage][cause];

	/* local: an interrupt's hook may count in the middle of ours */
	local64_inc((local64_t *)&lost->records);
	local64_add(segs, (local64_t *)&lost->segments);
}

enum tscope_room tscope_ring_look_again(struct tscope_ring *ring, u64 head, u8 vantage, u32 segs)
{
	u64 tail, used;

	/* An interrupt's hook came in between, and its records may be read already: the caller tries again. */
	if (head != (u64)local64_read((local64_t *)&ring->info->head))
		return TSCOPE_ROOM;
	/* Pairs with the reader's store-release: it has copied what we overwrite. */
	tail = smp_load_acquire(ring->tail);
	used = head - tail;
	WRITE_ONCE(ring->tail_seen, tail);
	if (used > ring->mask) {
		tscope_ring_count_loss(ring, vantage, TSCOPE_LOST_FULL, segs);
		return TSCOPE_FULL;
	}
	return used + 1 == ring->watermark ? TSCOPE_ROOM_WAKE : TSCOPE_ROOM;
}
