/* SPDX-License-Identifier: GPL-2.0-only */
/* One real-time thread a CPU that sends, and the queue it takes probes from. */
#ifndef TSCOPE_TRAIN_SENDER_H
#define TSCOPE_TRAIN_SENDER_H

#include <linux/types.h>

struct tscope_probe_train;
struct tscope_sender;

/* With trains_lock held, and CPU hotplug kept out for the first. Sleep. */
struct tscope_sender *tscope_sender_get(unsigned int cpu);
void tscope_sender_put(struct tscope_sender *sender);

void tscope_sender_add(struct tscope_sender *sender, struct tscope_probe_train *train);
/* Ends the train if it has not ended, and waits until the thread is done with it. Sleeps. */
void tscope_sender_remove(struct tscope_sender *sender, struct tscope_probe_train *train,
			  int reason);
/* A copy in one piece of what the thread changes. */
void tscope_sender_status(struct tscope_sender *sender, const struct tscope_probe_train *train,
			  struct tscope_train_status *status);

#endif
