/* SPDX-License-Identifier: GPL-2.0-only */
/* How every hook begins. */
#ifndef TSCOPE_STAMP_H
#define TSCOPE_STAMP_H

#include "clock.h"
#include "listeners.h"
#include "packet.h"

/*
 * False, before anything else is looked at, if no capture wants what passes there; else the packet has its
 * stamp. `ifindex` is 0 where the device is not known yet. With preemption off.
 */
static __always_inline bool tscope_stamp(struct tscope_packet *packet, u8 vantage, const struct net *net,
					 u32 ifindex)
{
	if (!tscope_listener_at(net, vantage, ifindex))
		return false;
	packet->tsc = tscope_now();
	packet->vantage = vantage;
	return true;
}

#endif
