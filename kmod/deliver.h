/* SPDX-License-Identifier: GPL-2.0-only */
/* From a packet that a hook saw to a record for each running capture that wants it. */
#ifndef TSCOPE_DELIVER_H
#define TSCOPE_DELIVER_H

struct tscope_packet;

/* From a hook, with preemption off: the ring is this CPU's. */
void tscope_deliver(const struct tscope_packet *packet);

#endif
