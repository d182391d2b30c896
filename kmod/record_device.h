/* SPDX-License-Identifier: GPL-2.0-only */
/* The way of most packets, from a device to a record: one capture, and headers in one piece. */
#ifndef TSCOPE_RECORD_DEVICE_H
#define TSCOPE_RECORD_DEVICE_H

#include "clock.h"
#include "deliver.h"
#include "packet_device.h"

/* Any other way: headers in fragments, and to all captures `but` one that has it. */
void tscope_record_at_device_anyhow(u64 tsc, u8 vantage, const struct sk_buff *skb,
				    const struct net_device *dev, int offset,
				    const struct tscope_listener *but);

/* `listener` is what tscope_listener_at() gave. */
static __always_inline void tscope_record_at_device(const struct tscope_listener *listener, u8 vantage,
						    const struct sk_buff *skb,
						    const struct net_device *dev, int offset)
{
	struct tscope_packet packet = { .tsc = tscope_now(), .vantage = vantage };
	enum tscope_parsed parsed = tscope_look_at_device(&packet, skb, dev, offset);

	if (likely(parsed == TSCOPE_PARSED)) {
		tscope_give(listener, &packet);
		if (likely(!tscope_has_company(listener)))
			return;
	} else {
		listener = NULL;
	}
	if (parsed != TSCOPE_NOT_OURS)
		tscope_record_at_device_anyhow(packet.tsc, vantage, skb, dev, offset, listener);
}

#endif
