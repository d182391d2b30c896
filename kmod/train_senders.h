/* SPDX-License-Identifier: GPL-2.0-only */
/* The senders there are: one a CPU that has trains. */
#ifndef TSCOPE_TRAIN_SENDERS_H
#define TSCOPE_TRAIN_SENDERS_H

struct tscope_sender;

int tscope_senders_init(void);
/* Waits until every thread is gone. */
void tscope_senders_exit(void);

/* With CPU hotplug kept out. Sleep. -EAGAIN if too many are yet to end. */
struct tscope_sender *tscope_sender_get(unsigned int cpu);
/* Does not wait for the thread: it is stopped later. */
void tscope_sender_put(struct tscope_sender *sender);

/* The CPU goes: its sender gets no more trains. */
void tscope_senders_cpu_gone(unsigned int cpu);

#endif
