// SPDX-License-Identifier: GPL-2.0-only
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/math64.h>
#include <linux/netdevice.h>
#include <net/rtnetlink.h>

#include "clock.h"
#include "session.h"
#include "train.h"
#include "train_departure.h"
#include "train_frame.h"
#include "train_pace.h"

#define NTP_EPOCH	2208988800ULL	/* 1970 in seconds since 1900 */

static u64 ntp_time(const struct tscope_anchor *anchor, u64 tick)
{
	u64 ns = anchor->realtime_ns + tscope_ticks_to_ns(tick - anchor->tsc);
	u32 part;
	u64 seconds = div_u64_rem(ns, NSEC_PER_SEC, &part);

	return (seconds + NTP_EPOCH) << 32 | div_u64((u64)part << 32, NSEC_PER_SEC);
}

/* Whatever was so when the train was submitted. */
static int device_refuses(const struct tscope_probe_train *train)
{
	const struct net_device *dev = train->dev;

	if (dev->reg_state != NETREG_REGISTERED)
		return -ENODEV;
	if (!netif_running(dev))
		return -ENETDOWN;
	if (train->probes[train->next].len - train->ip_at > READ_ONCE(dev->mtu))
		return -EMSGSIZE;
	return netif_carrier_ok(dev) ? 0 : -ENOLINK;
}

/*
 * A device that stands on another one (a tunnel, a VLAN, a bond, netvsc over its VF) may come by code that enables
 * softirqs, which needs interrupts on. Asked before each hand-over: what it stands on comes and goes.
 */
static bool irqs_off_suits(const struct net_device *dev)
{
	const struct rtnl_link_ops *link = dev->rtnl_link_ops;

	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return false;
	if (dev->flags & IFF_LOOPBACK || (link && !strcmp(link->kind, "veth")))
		return true;
	return !(dev->priv_flags & IFF_NO_QUEUE) && dev->dev.parent && list_empty(&dev->adj_list.lower);
}

/* Congestion elsewhere is no reason to think that this one was not sent. */
static bool was_taken(int ret)
{
	return ret == NET_XMIT_SUCCESS || ret == NET_XMIT_CN;
}

/* Interrupts are off. -ETIME if it is not time after all, for the clock went back: no probe leaves early. */
static __always_inline int spin(const struct tscope_probe_train *train, struct tscope_departure *departure)
{
	tscope_spin_out(train->due, tscope_pace_most_irqs_off());
	departure->spun = tscope_now();
	return (s64)(train->due - departure->spun) > 0 ? -ETIME : 0;
}

/* Fills in the time that is just now, and that is the hand-over's. */
static void stamp(const struct tscope_anchor *anchor, struct tscope_probe_train *train,
		  struct tscope_departure *departure)
{
	departure->handed = tscope_now();
	tscope_frame_stamp(train, ntp_time(anchor, departure->handed));
}

static void hand_to_qdisc(const struct tscope_anchor *anchor, struct tscope_probe_train *train,
			  struct tscope_departure *departure)
{
	int ret;

	local_irq_disable();
	departure->err = spin(train, departure);
	local_irq_enable();
	stamp(anchor, train, departure);
	if (departure->err)
		return;
	ret = dev_queue_xmit(train->skb);
	train->skb = NULL;
	departure->err = was_taken(ret) ? 0 : -ENOBUFS;
}

static void call_driver(const struct tscope_anchor *anchor, struct tscope_probe_train *train,
			struct netdev_queue *queue, struct tscope_departure *departure)
{
	int ret;

	stamp(anchor, train, departure);
	if (departure->err)
		return;
	if (unlikely(netif_xmit_frozen_or_drv_stopped(queue))) {
		departure->err = -EBUSY;
		return;
	}
	ret = netdev_start_xmit(train->skb, train->dev, queue, false);
	/* A driver that drops has freed it, whatever it returns but busy. */
	if (dev_xmit_complete(ret))
		train->skb = NULL;
	if (!was_taken(ret))
		departure->err = dev_xmit_complete(ret) ? -ENOBUFS : -EBUSY;
}

static void call_driver_and_unlock(const struct tscope_anchor *anchor, struct tscope_probe_train *train,
				   struct netdev_queue *queue, struct tscope_departure *departure,
				   bool irqs_off)
	__releases(&queue->_xmit_lock)
{
	call_driver(anchor, train, queue, departure);
	if (irqs_off)
		local_irq_enable();
	HARD_TX_UNLOCK(train->dev, queue);
}

static void hand_to_driver(const struct tscope_anchor *anchor, struct tscope_probe_train *train,
			   struct tscope_departure *departure)
{
	const bool rt = IS_ENABLED(CONFIG_PREEMPT_RT);
	struct net_device *dev = train->dev;
	struct netdev_queue *queue = skb_get_tx_queue(dev, train->skb);
	bool irqs_off = irqs_off_suits(dev);

	if (!rt)
		local_irq_disable();
	departure->err = spin(train, departure);
	/* Only now: others that send by this queue would wait for the end of the spin too. */
	if (HARD_TX_TRYLOCK(dev, queue)) {
		if (!rt && !irqs_off)
			local_irq_enable();
		call_driver_and_unlock(anchor, train, queue, departure, irqs_off);
	} else {
		/* One of them has it. Interrupts are on meanwhile. */
		if (!rt)
			local_irq_enable();
		HARD_TX_LOCK(dev, queue, smp_processor_id());
		if (irqs_off)
			local_irq_disable();
		call_driver_and_unlock(anchor, train, queue, departure, irqs_off);
	}
}

void tscope_depart(const struct tscope_anchor *anchor, struct tscope_probe_train *train,
		   struct tscope_departure *departure)
{
	departure->spun = departure->woken;
	departure->handed = departure->woken;
	departure->err = train->skb ? device_refuses(train) : -ENOMEM;
	/* Only now: the device may have fewer queues than when the frame was made. */
	if (train->skb)
		skb_set_queue_mapping(train->skb, smp_processor_id() % READ_ONCE(train->dev->real_num_tx_queues));
	if (departure->err) {
		tscope_spin(train->due, tscope_pace_most_irqs_off());
		departure->handed = departure->spun = tscope_now();
	} else if (train->flags & TSCOPE_TRAIN_QDISC) {
		hand_to_qdisc(anchor, train, departure);
	} else {
		hand_to_driver(anchor, train, departure);
	}
	kfree_skb(train->skb);
	train->skb = NULL;
}

void tscope_departure_record(struct tscope_probe_train *train,
			     const struct tscope_departure *departure)
{
	struct tscope_record probe = {
		.tsc = departure->handed,
		.ifindex = train->ifindex,
		.netns = train->netns,
		.seq = train->next,
		.train = train->status.number,
		.wire_len = train->probes[train->next].len - train->ip_at,
		.error = -departure->err,
		.segs = 1,
		.flags = departure->flags | TSCOPE_F_LINK,
		.header_len = train->head_len,
		.vantage = train->flags & TSCOPE_TRAIN_QDISC ? TSCOPE_QDISC_TX : TSCOPE_DRIVER_TX,
		.kind = TSCOPE_PROBE,
		.clock = TSCOPE_CLOCK_TSC,
	};
	struct tscope_probe times = {
		.scheduled = train->due,
		.woken = departure->woken,
		.spun = departure->spun,
	};

	if (train->ip_at == VLAN_ETH_HLEN) {
		probe.flags |= TSCOPE_F_VLAN;
		probe.vlan_tci = ntohs(*(const __be16 *)(train->frame + ETH_HLEN));
	}
	BUILD_BUG_ON(TSCOPE_PROBE_AT + sizeof(times) != sizeof(probe.header));
	memcpy(probe.link, train->frame, 2 * ETH_ALEN);
	memcpy(probe.link + 2 * ETH_ALEN, train->frame + train->ip_at - sizeof(__be16), sizeof(__be16));
	memcpy(probe.header, train->head, train->head_len);
	memcpy(probe.header + TSCOPE_PROBE_AT, &times, sizeof(times));
	tscope_session_record(train->session, &probe);
}
