/* SPDX-License-Identifier: GPL-2.0-only */
/* A sender's trains by their next probe's time, and the one whose probe is just leaving. */
#ifndef TSCOPE_TRAIN_QUEUE_H
#define TSCOPE_TRAIN_QUEUE_H

#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

struct tscope_probe_train;
struct tscope_train_status;

struct tscope_train_queue {
	raw_spinlock_t lock;	/* guards the rest, and its trains' statuses */
	struct rb_root_cached trains;
	struct tscope_probe_train *leaving;	/* in no queue; set as long as soft interrupts are off alone */
	wait_queue_head_t left;		/* leaving changed */
};

void tscope_queue_init(struct tscope_train_queue *queue);

/* For the sender's thread, with the lock held. */
struct tscope_probe_train *tscope_queue_first(struct tscope_train_queue *queue);
void tscope_queue_put(struct tscope_train_queue *queue, struct tscope_probe_train *train);
void tscope_queue_take(struct tscope_train_queue *queue, struct tscope_probe_train *train);

/* For others, who don't hold it. */
void tscope_queue_add(struct tscope_train_queue *queue, struct tscope_probe_train *train);
/*
 * Ends the train if it has not ended. The thread has no pointer to it any more. Sleeps, but never
 * longer than a probe takes to leave: a thread that is kept from its CPU is not waited for.
 */
void tscope_queue_end(struct tscope_train_queue *queue, struct tscope_probe_train *train, int reason);
/* A copy in one piece of what the thread changes. */
void tscope_queue_status(struct tscope_train_queue *queue, const struct tscope_probe_train *train,
			 struct tscope_train_status *status);

#endif
