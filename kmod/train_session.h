/* SPDX-License-Identifier: GPL-2.0-only */
/* The kind of session that hands in trains. */
#ifndef TSCOPE_TRAIN_SESSION_H
#define TSCOPE_TRAIN_SESSION_H

#include <linux/types.h>

struct file;
struct tscope_session;
struct tscope_session_kind;
struct tscope_train;
struct tscope_train_status;

/* From ioctls. */
int tscope_train_submit(struct tscope_session *session, struct file *file,
			struct tscope_train *request);
int tscope_train_describe(struct tscope_session *session, struct tscope_train_status *status);
int tscope_train_cancel(struct tscope_session *session, u32 number);

extern const struct tscope_session_kind tscope_train_session;

#endif
