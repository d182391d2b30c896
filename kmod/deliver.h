/* SPDX-License-Identifier: GPL-2.0-only */
/* From a packet that a hook saw to a record for each session that wants it. */
#ifndef TSCOPE_DELIVER_H
#define TSCOPE_DELIVER_H

struct tscope_packet;
struct tscope_session;

/* From a hook: a record for each running session whose filter matches. */
void tscope_deliver(const struct tscope_packet *packet);

/* From now on, or no more: when that returns, every hook that could still see the session has committed. Sleeps. */
void tscope_deliver_to(struct tscope_session *session);
void tscope_deliver_no_more(struct tscope_session *session);

#endif
