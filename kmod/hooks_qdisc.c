// SPDX-License-Identifier: GPL-2.0-only
/* Where a packet reaches its device's queue; devices without a queue pass here as well. */
#include <linux/netdevice.h>
#include <linux/skbuff.h>

#include "deliver.h"
#include "hooks.h"
#include "packet.h"
#include "stamp.h"

static void at_net_dev_queue(void *data, struct sk_buff *skb)
{
	struct tscope_packet packet;

	if (!tscope_stamp(&packet, TSCOPE_QDISC_TX, dev_net(skb->dev), skb->dev->ifindex))
		return;
	if (tscope_packet_at_device(&packet, skb, skb->dev, skb_network_offset(skb)))
		tscope_deliver(&packet);
}

static struct tscope_place places[] = { TSCOPE_QDISC_PLACES(TSCOPE_PLACE) };
const struct tscope_layer tscope_qdisc_layer = { places, ARRAY_SIZE(places) };
