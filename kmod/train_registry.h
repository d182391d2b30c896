/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The trains of all sessions: how much of them there may be, and what ends them before their time: their owner, their
 * device's removal, their CPU's going off line, the machine's sleep. Nothing here waits for a sender's thread.
 */
#ifndef TSCOPE_TRAIN_REGISTRY_H
#define TSCOPE_TRAIN_REGISTRY_H

#include <linux/types.h>

struct file;
struct tscope_probe_train;
struct tscope_sender;
struct tscope_session;
struct tscope_train_status;

int tscope_registry_init(void);
void tscope_registry_exit(void);

/* Before the train's memory is taken. -EDQUOT if that is too much, of all or for the file's opener. */
int tscope_registry_charge(struct tscope_probe_train *train, const struct file *file, size_t bytes);
/* One that was charged and not queued: freed. */
void tscope_registry_drop(struct tscope_probe_train *train);

/*
 * Into the sender's queue, for the session, unless its device is going or the machine is about to sleep. From then on the registry has the sender and the
 * device. A start of 0 is as soon as possible.
 */
int tscope_registry_queue(struct tscope_probe_train *train, struct tscope_session *session,
			  struct tscope_sender *sender, u64 start);

/* Of a session; -ENOENT if it has none of this number. */
int tscope_registry_status(struct tscope_session *session, struct tscope_train_status *status);
/* Number 0: all of them. When it returns, no more records are written. */
int tscope_registry_end(struct tscope_session *session, u32 number, int reason);
/* Ends and frees all of a session. */
void tscope_registry_release(struct tscope_session *session);

#endif
