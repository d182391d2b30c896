// SPDX-License-Identifier: GPL-2.0-only
#include "record_device.h"

void tscope_record_at_device_anyhow(u64 tsc, u8 vantage, const struct sk_buff *skb,
				    const struct net_device *dev, int offset,
				    const struct tscope_listener *but)
{
	struct tscope_packet packet;

	packet.tsc = tsc;
	packet.vantage = vantage;
	if (tscope_packet_at_device(&packet, skb, dev, offset))
		tscope_deliver(&packet, but);
}
