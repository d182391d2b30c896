// SPDX-License-Identifier: GPL-2.0-only
/* Where a packet reaches its device's queue; devices without a queue pass here as well. */
#include <linux/netdevice.h>
#include <linux/skbuff.h>

#include "clock.h"
#include "hooks.h"
#include "packet.h"
#include "session.h"

static void qdisc_tx(void *data, struct sk_buff *skb)
{
	struct tscope_packet packet;

	packet.tsc = tscope_now();
	packet.vantage = TSCOPE_QDISC_TX;
	if (tscope_packet_at_device(&packet, skb, skb->dev, skb_network_offset(skb)))
		tscope_sessions_deliver(&packet);
}

static struct tscope_place places[] = {
	{
		.name = "net_dev_queue",
		.vantage = TSCOPE_QDISC_TX,
		.kind = TSCOPE_HOOK_TRACEPOINT,
		.protocols = TSCOPE_PROTO_ALL,
		.need = TSCOPE_REQUIRED,
		.probe = qdisc_tx,
	},
};

const struct tscope_layer tscope_qdisc_layer = { places, ARRAY_SIZE(places) };
