/* SPDX-License-Identifier: GPL-2.0-only */
/* A thread that sends on one CPU, and the queue that it takes probes from. */
#ifndef TSCOPE_TRAIN_SENDER_H
#define TSCOPE_TRAIN_SENDER_H

#include <linux/hrtimer.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "train_pace.h"
#include "train_queue.h"
#include "uapi/tscope.h"

struct task_struct;
struct tscope_probe_train;

struct tscope_sender {
	unsigned int cpu;
	bool real_time;			/* else of normal priority: it has no claim to be exact */
	struct task_struct *task;
	struct tscope_train_queue queue;

	/* Those of train_senders.c. */
	unsigned int users;
	bool reaping;			/* reap is about to look at users */
	struct work_struct reap;

	/* The thread's alone. */
	struct hrtimer timer;
	struct tscope_pace pace;
	struct tscope_anchor anchor;
	const struct tscope_probe_train *last_train;
	bool last_contended;
	u64 quiet_since;		/* soft interrupts off since then; 0: on */
	u64 last_done;			/* tick at which it was free again */
	u64 handling;			/* ticks that a probe takes beside its spin */
};

/* Sleep. */
struct tscope_sender *tscope_sender_start(unsigned int cpu, bool real_time);
/* Has no trains. Waits until the thread gets its CPU, however long that may be; frees it. */
void tscope_sender_stop(struct tscope_sender *sender);

void tscope_sender_add(struct tscope_sender *sender, struct tscope_probe_train *train);

#endif
