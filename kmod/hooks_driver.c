// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a frame comes in from the driver, before GRO, and where it is handed to the driver; and what
 * the NIC's own clock said of either.
 */
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>

#include "compat/compat.h"
#include "compat/tracepoints.h"
#include "hooks.h"
#include "passed.h"
#include "record_device.h"
#include "stamp.h"

#define VLAN_TAGS_MAX 2

/* Wherever a frame comes in: `handler` serves all these places, named PREFIX_... */
#define AT_RECEIVE(prefix, handler)						\
	AT_RECEIVE_PLACE(prefix##_gro_receive, napi_gro_receive_entry, handler);	\
	AT_RECEIVE_PLACE(prefix##_gro_frags, napi_gro_frags_entry, handler);	\
	AT_RECEIVE_PLACE(prefix##_receive_skb, netif_receive_skb_entry, handler);	\
	AT_RECEIVE_PLACE(prefix##_receive_list, netif_receive_skb_list_entry, handler);	\
	AT_RECEIVE_PLACE(prefix##_netif_rx, netif_rx_entry, handler)
#define AT_RECEIVE_PLACE(id, tracepoint, handler)				\
	TSCOPE_AT_TRACEPOINT(id, tracepoint, const struct sk_buff *skb) __alias(handler)

DEFINE_PER_CPU(u32, tscope_napi_polls);

/* skb->data is behind the Ethernet header, and in front of VLAN tags that nobody took off yet. */
static bool ip_offset(const struct sk_buff *skb, int *offset)
{
	__be16 protocol = skb->protocol;
	int i;

	*offset = 0;
	for (i = 0; i < VLAN_TAGS_MAX && eth_type_vlan(protocol); i++) {
		const struct vlan_hdr *tag;
		struct vlan_hdr copy;

		tag = skb_header_pointer(skb, *offset, sizeof(copy), &copy);
		if (!tag)
			return false;
		protocol = tag->h_vlan_encapsulated_proto;
		*offset += VLAN_HLEN;
	}
	return protocol == htons(ETH_P_IP) || protocol == htons(ETH_P_IPV6);
}

static noinline void record_driver_rx(const struct tscope_listener *listener, const struct sk_buff *skb)
{
	int offset;

	if (ip_offset(skb, &offset))
		tscope_record_at_device(listener, TSCOPE_DRIVER_RX, skb, skb->dev, offset);
	tscope_count_passed(listener, TSCOPE_PASSED_RX, TSCOPE_DRIVER_RX, skb, skb->dev);
}

/*
 * One probe for all ways in: a driver calls just one of them for a frame, and what they call in
 * turn (GRO, the backlog, RPS) passes none of the others.
 */
static void driver_rx(void *data, const struct sk_buff *skb)
{
	const struct net_device *dev = skb->dev;
	const struct tscope_listener *listener =
		tscope_listener_at(dev_net(dev), TSCOPE_DRIVER_RX, dev->ifindex);

	if (listener)
		record_driver_rx(listener, skb);
}

AT_RECEIVE(driver, driver_rx);

static noinline void record_driver_tx(const struct tscope_listener *listener, const struct sk_buff *skb,
				      const struct net_device *dev)
{
	tscope_record_at_device(listener, TSCOPE_DRIVER_TX, skb, dev, skb_network_offset(skb));
	tscope_count_passed(listener, TSCOPE_PASSED_TX, TSCOPE_DRIVER_TX, skb, dev);
}

TSCOPE_AT_TRACEPOINT(net_dev_start_xmit, net_dev_start_xmit, const struct sk_buff *skb,
		     const struct net_device *dev)
{
	const struct tscope_listener *listener =
		tscope_listener_at(dev_net(dev), TSCOPE_DRIVER_TX, dev->ifindex);

	if (listener)
		record_driver_tx(listener, skb, dev);
}

/*
 * Some drivers leave their private data here and tell the time only when asked for it. A device
 * that has this frame from another one can't be asked.
 */
static u64 received_nic_ns(const struct sk_buff *skb)
{
	const struct skb_shared_hwtstamps *stamps = &skb_shinfo(skb)->hwtstamps;

	if (!(skb_shinfo(skb)->tx_flags & SKBTX_HW_TSTAMP_NETDEV))
		return ktime_to_ns(stamps->hwtstamp);
	if (!skb->dev->netdev_ops->ndo_get_tstamp)
		return 0;
	return ktime_to_ns(netdev_get_tstamp(skb->dev, stamps, false));
}

static void hw_rx(void *data, const struct sk_buff *skb)
{
	struct tscope_packet packet;
	int offset;

	if (!tscope_stamp(&packet, TSCOPE_HW_RX, dev_net(skb->dev), skb->dev->ifindex))
		return;
	if (!ip_offset(skb, &offset) || !tscope_packet_at_device(&packet, skb, skb->dev, offset))
		return;
	packet.nic_ns = received_nic_ns(skb);
	tscope_deliver(&packet, NULL);
}

AT_RECEIVE(nic, hw_rx);

/*
 * skb_tstamp_tx(skb, hwtstamps): a driver reports what its NIC stamped, from any context. It does so
 * only if the sending socket asked for it; to ask in its place would change what that socket sees.
 */
TSCOPE_AT_DECLARED(skb_tstamp_tx, skb_tstamp_tx, void, struct sk_buff *,
		   struct skb_shared_hwtstamps *)
{
	const struct sk_buff *skb = (void *)tscope_argument(regs, 0);
	const struct skb_shared_hwtstamps *stamps = (void *)tscope_argument(regs, 1);
	struct tscope_packet packet;

	/* Without: the driver's own software stamp. */
	if (!skb || !stamps || !skb->dev)
		return;
	if (!tscope_stamp(&packet, TSCOPE_HW_TX, dev_net(skb->dev), skb->dev->ifindex))
		return;
	if (!tscope_packet_at_device(&packet, skb, skb->dev, skb_network_offset(skb)))
		return;
	packet.nic_ns = ktime_to_ns(stamps->hwtstamp);
	tscope_deliver(&packet, NULL);
}

/* Fires when a poll is over. */
TSCOPE_AT_TRACEPOINT(napi_poll, napi_poll, struct napi_struct *napi, int work, int budget)
{
	this_cpu_inc(tscope_napi_polls);
}

static struct tscope_place places[] = { TSCOPE_DRIVER_PLACES(TSCOPE_PLACE) };
const struct tscope_layer tscope_driver_layer = { places, ARRAY_SIZE(places) };
