/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TSCOPE_SESSION_H
#define TSCOPE_SESSION_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/wait.h>

#include "listeners.h"
#include "ring.h"
#include "uapi/tscope.h"

struct file;
struct net;
struct net_device;
struct tscope_session;

/* What sessions differ in: where their records come from. Called with the session's lock held but where it says otherwise. */
struct tscope_session_kind {
	/* Of what only this kind knows. No lock. */
	bool (*config_valid)(const struct tscope_config *config);
	/* If not, -ENODEV. May be NULL. No lock. */
	bool (*available)(const struct tscope_config *config);
	/* May be NULL. Sleeps. */
	int (*start)(struct tscope_session *session);
	/* No record is written any more when it returns. Sleeps. */
	void (*stop)(struct tscope_session *session);
	/* After the stop, the file being closed; may be NULL. No lock. */
	void (*free)(struct tscope_session *session);
};

/* One open file. */
struct tscope_session {
	struct mutex lock;		/* taken before sessions_lock; guards state, kind and config */
	enum tscope_state state;	/* 0 until configured */
	const struct tscope_session_kind *kind;	/* NULL until configured */
	struct tscope_config config;
	struct tscope_rings *rings;	/* set once, under both locks */
	struct wait_queue_head wait;

	struct net *net;		/* not pinned: followed under sessions_lock alone; NULL once gone */
	struct list_head open;		/* in all_sessions; sessions_lock */
	struct tscope_listener listener;	/* a capture's; see tscope_session_listen() */
};

struct tscope_session *tscope_session_new(struct net *net);
void tscope_session_free(struct tscope_session *session);

int tscope_session_configure(struct tscope_session *session, struct file *file,
			     const struct tscope_config *config, const struct tscope_session_kind *kind);
int tscope_session_start(struct tscope_session *session);
int tscope_session_stop(struct tscope_session *session);
int tscope_session_mmap(struct tscope_session *session, struct vm_area_struct *vma);
__poll_t tscope_session_poll(struct tscope_session *session, struct file *file,
			     struct poll_table_struct *table);

/* From the network namespace's exit: its sessions end, their data stays. */
void tscope_sessions_netns_gone(struct net *net);

/* Its hooks deliver to it from now on; -ENXIO without its namespace, -EDQUOT if too many captures run. */
int tscope_session_listen(struct tscope_session *session);
/* No more: every hook that could still see it has committed. Sleeps. */
void tscope_session_listen_no_more(struct tscope_session *session);

/* A device of the session's network namespace, held. */
int tscope_session_device(struct tscope_session *session, u32 ifindex, struct net_device **dev);

/* From no hook: into this CPU's ring, or counted as lost. */
void tscope_session_record(struct tscope_session *session, const struct tscope_record *record);

#endif
