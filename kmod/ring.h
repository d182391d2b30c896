/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TSCOPE_RING_H
#define TSCOPE_RING_H

#include <linux/irq_work.h>
#include <linux/types.h>

#include "uapi/tscope.h"

#define TSCOPE_MIN_SLOTS	16
#define TSCOPE_MAX_SLOTS	(1U << 20)
#define TSCOPE_TAIL_STRIDE	64

struct tscope_ring {
	struct tscope_ring_info *info;	/* in the describing page: head, losses */
	const u64 *tail;		/* the reader's; never trusted */
	struct tscope_record *slots;
	u32 mask;
	u32 shift;			/* log2 of the number of slots */
	u32 watermark;
	struct irq_work wake;
	struct wait_queue_head *wait;
};

struct tscope_rings {
	struct tscope_map_info *info;
	size_t info_bytes;
	void *tails;
	size_t tail_bytes;
	size_t ring_bytes;
	size_t charged;			/* bytes counted against the limit */
	u32 cpus;
	struct tscope_ring rings[] __counted_by(cpus);
};

struct tscope_rings *tscope_rings_alloc(u32 slots, u32 watermark, struct wait_queue_head *wait);
void tscope_rings_free(struct tscope_rings *rings);

/* What a mapping of `bytes` at `offset` shows, or NULL. */
void *tscope_rings_region(struct tscope_rings *rings, u64 offset, size_t bytes, bool *writable);

/* True if a reader that waits for the watermark should be woken. */
bool tscope_rings_readable(const struct tscope_rings *rings);

/*
 * With preemption off. Reserves a slot of this CPU's ring, or counts the loss and gives NULL.
 * The caller fills the record, then commits it with the same index.
 */
struct tscope_record *tscope_ring_reserve(struct tscope_ring *ring, u8 vantage, u32 segs,
					  u64 *index);
void tscope_ring_commit(struct tscope_ring *ring, struct tscope_record *record, u64 index);

#endif
