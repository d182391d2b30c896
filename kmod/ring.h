/* SPDX-License-Identifier: GPL-2.0-only */
/* The rings of one session: a CPU's is written by that CPU alone, with no lock. */
#ifndef TSCOPE_RING_H
#define TSCOPE_RING_H

#include <linux/irq_work.h>
#include <linux/percpu.h>
#include <linux/prefetch.h>
#include <linux/types.h>

#include <asm/local64.h>

#include "uapi/tscope.h"

#define TSCOPE_MIN_SLOTS	16
#define TSCOPE_MAX_SLOTS	(1U << 20)
#define TSCOPE_TAIL_STRIDE	64

/* An interrupt of ours can come between reading head and moving it, and there another. */
#define TSCOPE_RESERVE_TRIES	8

struct tscope_ring {
	struct tscope_record *slots;
	struct tscope_ring_info *info;	/* in the describing page: head, losses */
	u64 tail_seen;			/* the reader's, when last looked at: no further than it is now */
	u32 mask;
	u32 shift;			/* log2 of the number of slots */
	u32 watermark;
	const u64 *tail;		/* the reader's; never trusted */

	struct irq_work wake;
	struct wait_queue_head *wait;
};

struct tscope_region;

struct tscope_rings {
	struct tscope_ring __percpu *ring;
	struct tscope_map_info *info;
	struct tscope_region *info_region, *tail_region;
	size_t charged;			/* bytes counted against the limit */
	u32 cpus;
	struct tscope_region *regions[] __counted_by(cpus);	/* the rings' slots */
};

/* NULL without memory, or with more than the module may use; charged to the caller's memory cgroup. */
struct tscope_rings *tscope_rings_alloc(u32 slots, u32 watermark, struct wait_queue_head *wait);
void tscope_rings_free(struct tscope_rings *rings);

/* What a mapping of `bytes` at `offset` shows, or NULL. */
void *tscope_rings_region(struct tscope_rings *rings, u64 offset, size_t bytes, bool *writable);

/* True if a reader that waits for the watermark should be woken. */
bool tscope_rings_readable(const struct tscope_rings *rings);

enum tscope_room {
	TSCOPE_ROOM,
	TSCOPE_ROOM_WAKE,	/* and the reader is to be woken */
	TSCOPE_FULL,		/* counted as a loss */
};

/* As many slots seem taken at `head` as wake the reader, or all: looks at the reader's tail again. */
enum tscope_room tscope_ring_look_again(struct tscope_ring *ring, u64 head, u8 vantage, u32 segs);
void tscope_ring_count_loss(struct tscope_ring *ring, u8 vantage, enum tscope_loss cause, u32 segs);

/*
 * With preemption off. Reserves a slot of this CPU's ring, or counts the loss and gives NULL.
 * The caller fills the record, then commits it with the same index.
 */
static __always_inline struct tscope_record *tscope_ring_reserve(struct tscope_ring *ring, u8 vantage,
								 u32 segs, u64 *index)
{
	local64_t *shared_head = (local64_t *)&ring->info->head;
	s64 head = local64_read(shared_head);
	int tries;

	BUILD_BUG_ON(sizeof(local64_t) != sizeof(ring->info->head));
	for (tries = 0; tries < TSCOPE_RESERVE_TRIES; tries++) {
		enum tscope_room room = TSCOPE_ROOM;
		s64 seen;

		/* A tail ahead of head, which only a scribbler makes, looks full as well. */
		if (unlikely((u64)head - READ_ONCE(ring->tail_seen) + 1 >= ring->watermark)) {
			room = tscope_ring_look_again(ring, head, vantage, segs);
			if (room == TSCOPE_FULL)
				return NULL;
		}
		seen = local64_cmpxchg(shared_head, head, head + 1);
		if (likely(seen == head)) {
			struct tscope_record *slot = &ring->slots[head & ring->mask];

			if (unlikely(room == TSCOPE_ROOM_WAKE))
				irq_work_queue(&ring->wake);
			prefetchw(&ring->slots[(head + 1) & ring->mask]);
			*index = head;
			return slot;
		}
		head = seen;
	}
	tscope_ring_count_loss(ring, vantage, TSCOPE_LOST_CONTENDED, segs);
	return NULL;
}

static __always_inline void tscope_ring_commit(struct tscope_ring *ring, struct tscope_record *record,
					       u64 index)
{
	/* Pairs with the reader's load-acquire: it sees the whole record or no lap number. */
	smp_store_release(&record->commit, (u32)(index >> ring->shift) + 1);
}

#endif
