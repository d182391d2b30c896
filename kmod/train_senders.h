/* SPDX-License-Identifier: GPL-2.0-only */
/* The senders there are: for each CPU that has trains a real-time one, one of normal priority, or both. */
#ifndef TSCOPE_TRAIN_SENDERS_H
#define TSCOPE_TRAIN_SENDERS_H

#include <linux/types.h>

struct tscope_sender;

int tscope_senders_init(void);
/* Waits until every thread is gone. */
void tscope_senders_exit(void);

/* With CPU hotplug kept out. Sleep. -EAGAIN if too many are yet to end. */
struct tscope_sender *tscope_sender_get(unsigned int cpu, bool real_time);
/* Does not wait for the thread: it is stopped later. */
void tscope_sender_put(struct tscope_sender *sender);

/* The CPU goes: its senders get no more trains. */
void tscope_senders_cpu_gone(unsigned int cpu);

#endif
