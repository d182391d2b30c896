// SPDX-License-Identifier: GPL-2.0-only
/* Where a packet reaches its device's queue; devices without a queue pass here as well. */
#include <linux/netdevice.h>
#include <linux/skbuff.h>

#include "compat/tracepoints.h"
#include "hooks.h"
#include "record_device.h"

static noinline void record_qdisc_tx(const struct tscope_listener *listener, const struct sk_buff *skb)
{
	tscope_record_at_device(listener, TSCOPE_QDISC_TX, skb, skb->dev, skb_network_offset(skb));
}

TSCOPE_AT_TRACEPOINT(net_dev_queue, net_dev_queue, struct sk_buff *skb)
{
	const struct net_device *dev = skb->dev;
	const struct tscope_listener *listener =
		tscope_listener_at(dev_net(dev), TSCOPE_QDISC_TX, dev->ifindex);

	if (listener)
		record_qdisc_tx(listener, skb);
}

static struct tscope_place places[] = { TSCOPE_QDISC_PLACES(TSCOPE_PLACE) };
const struct tscope_layer tscope_qdisc_layer = { places, ARRAY_SIZE(places) };
