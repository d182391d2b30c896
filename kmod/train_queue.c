// SPDX-License-Identifier: GPL-2.0-only
#include "clock.h"
#include "train.h"
#include "train_queue.h"

void tscope_queue_init(struct tscope_train_queue *queue)
{
	raw_spin_lock_init(&queue->lock);
	queue->trains = RB_ROOT_CACHED;
	queue->leaving = NULL;
	init_waitqueue_head(&queue->left);
}

static bool before(struct rb_node *a, const struct rb_node *b)
{
	const struct tscope_probe_train *left = rb_entry(a, struct tscope_probe_train, node);
	const struct tscope_probe_train *right = rb_entry(b, struct tscope_probe_train, node);

	return left->due < right->due;
}

struct tscope_probe_train *tscope_queue_first(struct tscope_train_queue *queue)
{
	struct rb_node *node = rb_first_cached(&queue->trains);

	return node ? rb_entry(node, struct tscope_probe_train, node) : NULL;
}

void tscope_queue_put(struct tscope_train_queue *queue, struct tscope_probe_train *train)
{
	lockdep_assert_held(&queue->lock);
	train->due = train->start + tscope_ns_to_ticks(train->probes[train->next].at_ns);
	rb_add_cached(&train->node, &queue->trains, before);
}

void tscope_queue_take(struct tscope_train_queue *queue, struct tscope_probe_train *train)
{
	lockdep_assert_held(&queue->lock);
	rb_erase_cached(&train->node, &queue->trains);
	RB_CLEAR_NODE(&train->node);
}

void tscope_queue_add(struct tscope_train_queue *queue, struct tscope_probe_train *train)
{
	raw_spin_lock_irq(&queue->lock);
	train->status.state = TSCOPE_TRAIN_RUNNING;
	tscope_queue_put(queue, train);
	raw_spin_unlock_irq(&queue->lock);
}

static bool is_leaving(struct tscope_train_queue *queue, const struct tscope_probe_train *train)
{
	bool is;

	raw_spin_lock_irq(&queue->lock);
	is = queue->leaving == train;
	raw_spin_unlock_irq(&queue->lock);
	return is;
}

void tscope_queue_end(struct tscope_train_queue *queue, struct tscope_probe_train *train, int reason)
{
	raw_spin_lock_irq(&queue->lock);
	if (train->status.state == TSCOPE_TRAIN_RUNNING) {
		train->status.state = TSCOPE_TRAIN_ENDED;
		train->status.reason = -reason;
		if (queue->leaving != train)
			tscope_queue_take(queue, train);
	}
	raw_spin_unlock_irq(&queue->lock);
	/*
	 * The thread can't be preempted while a probe leaves. (On PREEMPT_RT it can, as all that
	 * send can; the device's removal waits for them as well.)
	 */
	wait_event(queue->left, !is_leaving(queue, train));
}

void tscope_queue_status(struct tscope_train_queue *queue, const struct tscope_probe_train *train,
			 struct tscope_train_status *status)
{
	raw_spin_lock_irq(&queue->lock);
	*status = train->status;
	raw_spin_unlock_irq(&queue->lock);
}
