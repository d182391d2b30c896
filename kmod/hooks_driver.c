// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a frame comes in from the driver, before GRO, and where it is handed to the driver; and what
 * the NIC's own clock said of either.
 */
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>

#include "clock.h"
#include "compat/compat.h"
#include "hooks.h"
#include "packet.h"
#include "session.h"

#define VLAN_TAGS_MAX 2

/* Beside driver-rx: whose records may come from within a NAPI poll, of which they have the number. */
#define STAMPED_IN_POLLS							\
	(TSCOPE_VANTAGE_BIT(TSCOPE_SOCKET_RX) | TSCOPE_VANTAGE_BIT(TSCOPE_SOCKET_TX) |	\
	 TSCOPE_VANTAGE_BIT(TSCOPE_QDISC_TX) | TSCOPE_VANTAGE_BIT(TSCOPE_DRIVER_TX) |	\
	 TSCOPE_VANTAGE_BIT(TSCOPE_HW_RX) | TSCOPE_VANTAGE_BIT(TSCOPE_HW_TX))

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

/*
 * One probe for all ways in: a driver calls just one of them for a frame, and what they call in
 * turn (GRO, the backlog, RPS) passes none of the others.
 */
static void driver_rx(void *data, const struct sk_buff *skb)
{
	struct tscope_packet packet;
	int offset;

	packet.tsc = tscope_now();
	packet.vantage = TSCOPE_DRIVER_RX;
	if (ip_offset(skb, &offset) && tscope_packet_at_device(&packet, skb, skb->dev, offset))
		tscope_sessions_deliver(&packet);
}

static void driver_tx(void *data, const struct sk_buff *skb, const struct net_device *dev)
{
	struct tscope_packet packet;

	packet.tsc = tscope_now();
	packet.vantage = TSCOPE_DRIVER_TX;
	if (tscope_packet_at_device(&packet, skb, dev, skb_network_offset(skb)))
		tscope_sessions_deliver(&packet);
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

	packet.tsc = tscope_now();
	packet.vantage = TSCOPE_HW_RX;
	if (!ip_offset(skb, &offset) || !tscope_packet_at_device(&packet, skb, skb->dev, offset))
		return;
	packet.nic_ns = received_nic_ns(skb);
	tscope_sessions_deliver(&packet);
}

/*
 * skb_tstamp_tx(skb, hwtstamps): a driver reports what its NIC stamped, from any context. It does so
 * only if the sending socket asked for it; to ask in its place would change what that socket sees.
 */
static void skb_tstamp_tx_entry(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
				struct ftrace_regs *regs)
{
	u64 tsc = tscope_now();
	const struct sk_buff *skb = (void *)tscope_argument(regs, 0);
	const struct skb_shared_hwtstamps *stamps = (void *)tscope_argument(regs, 1);
	struct tscope_packet packet;

	/* Without: the driver's own software stamp. */
	if (!skb || !stamps || !skb->dev)
		return;
	packet.tsc = tsc;
	packet.vantage = TSCOPE_HW_TX;
	if (!tscope_packet_at_device(&packet, skb, skb->dev, skb_network_offset(skb)))
		return;
	packet.nic_ns = ktime_to_ns(stamps->hwtstamp);
	tscope_sessions_deliver(&packet);
}

/* Fires when a poll is over. */
static void napi_poll_done(void *data, struct napi_struct *napi, int work, int budget)
{
	this_cpu_inc(tscope_napi_polls);
}

#define TRACEPOINT(name_, vantage_, need_, probe_)				\
	{									\
		.name = name_, .vantage = vantage_, .need = need_,		\
		.kind = TSCOPE_HOOK_TRACEPOINT, .protocols = TSCOPE_PROTO_ALL,	\
		.probe = probe_,						\
	}

static struct tscope_place places[] = {
	TRACEPOINT("napi_gro_receive_entry", TSCOPE_DRIVER_RX, TSCOPE_REQUIRED, driver_rx),
	TRACEPOINT("napi_gro_frags_entry", TSCOPE_DRIVER_RX, TSCOPE_OPTIONAL, driver_rx),
	TRACEPOINT("netif_receive_skb_entry", TSCOPE_DRIVER_RX, TSCOPE_REQUIRED, driver_rx),
	TRACEPOINT("netif_receive_skb_list_entry", TSCOPE_DRIVER_RX, TSCOPE_OPTIONAL, driver_rx),
	TRACEPOINT("netif_rx_entry", TSCOPE_DRIVER_RX, TSCOPE_REQUIRED, driver_rx),
	{
		.name = "napi_poll", .vantage = TSCOPE_DRIVER_RX, .also = STAMPED_IN_POLLS,
		.need = TSCOPE_OPTIONAL, .kind = TSCOPE_HOOK_TRACEPOINT,
		.protocols = TSCOPE_PROTO_ALL, .probe = napi_poll_done,
	},
	TRACEPOINT("net_dev_start_xmit", TSCOPE_DRIVER_TX, TSCOPE_REQUIRED, driver_tx),
	TRACEPOINT("napi_gro_receive_entry", TSCOPE_HW_RX, TSCOPE_REQUIRED, hw_rx),
	TRACEPOINT("napi_gro_frags_entry", TSCOPE_HW_RX, TSCOPE_OPTIONAL, hw_rx),
	TRACEPOINT("netif_receive_skb_entry", TSCOPE_HW_RX, TSCOPE_REQUIRED, hw_rx),
	TRACEPOINT("netif_receive_skb_list_entry", TSCOPE_HW_RX, TSCOPE_OPTIONAL, hw_rx),
	TRACEPOINT("netif_rx_entry", TSCOPE_HW_RX, TSCOPE_REQUIRED, hw_rx),
	{
		.name = "skb_tstamp_tx", .vantage = TSCOPE_HW_TX, .need = TSCOPE_REQUIRED,
		.kind = TSCOPE_HOOK_FUNCTION, .protocols = TSCOPE_PROTO_ALL,
		.function = skb_tstamp_tx_entry,
	},
};

const struct tscope_layer tscope_driver_layer = { places, ARRAY_SIZE(places) };
