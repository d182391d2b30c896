/* SPDX-License-Identifier: GPL-2.0-only */
/* From a packet that a hook saw to a record for each running capture that wants it. */
#ifndef TSCOPE_DELIVER_H
#define TSCOPE_DELIVER_H

#include <linux/if_ether.h>
#include <linux/smp.h>
#include <net/net_namespace.h>

#include "filter.h"
#include "hooks.h"
#include "listeners.h"
#include "packet_parts.h"
#include "ring.h"

static __always_inline void tscope_put_nic_time(struct tscope_record *record, u64 nic_ns)
{
	if (record->header_len > TSCOPE_NIC_TIME_AT) {
		record->header_len = TSCOPE_NIC_TIME_AT;
		record->flags |= TSCOPE_F_CUT;
	}
	memcpy(record->header + TSCOPE_NIC_TIME_AT, &nic_ns, sizeof(nic_ns));
}

/* A tag that stands in the frame is in vlan_tci as one that was taken out: the header is as without. */
static __always_inline void tscope_put_link(struct tscope_record *record, const struct tscope_packet *packet)
{
	const __be16 ethertype = htons(packet->family == AF_INET ? ETH_P_IP : ETH_P_IPV6);

	memcpy(record->link, packet->link, 2 * ETH_ALEN);
	memcpy(record->link + 2 * ETH_ALEN, &ethertype, sizeof(ethertype));
}

static __always_inline void tscope_fill(struct tscope_record *record, const struct tscope_packet *packet)
{
	record->tsc = packet->tsc;
	record->netns = packet->net->ns.inum;
	record->ifindex = packet->ifindex;
	record->seq = packet->seq;
	record->seq_end = packet->seq_end;
	record->wire_len = packet->wire_len;
	record->napi_poll = tscope_hooks_napi_polls();
	record->cpu = smp_processor_id();
	record->segs = packet->segs;
	record->flags = packet->flags;
	record->vantage = packet->vantage;
	record->kind = packet->kind;
	record->clock = TSCOPE_CLOCK_TSC;
	record->header_len = packet->header_len;
	if (packet->flags & TSCOPE_F_LINK)
		tscope_put_link(record, packet);
	record->vlan_tci = packet->flags & TSCOPE_F_VLAN ? packet->vlan_tci : 0;
	tscope_copy_header(record->header, packet->header, packet->header_len);
	if (unlikely(packet->vantage == TSCOPE_HW_RX || packet->vantage == TSCOPE_HW_TX))
		tscope_put_nic_time(record, packet->nic_ns);
}

/* To one, with preemption off: the ring is this CPU's. */
static __always_inline void tscope_give(const struct tscope_listener *listener,
				 const struct tscope_packet *packet)
{
	struct tscope_record *record;
	struct tscope_ring *ring;
	u64 index;

	if (!tscope_listens(listener, packet->vantage, 0) ||
	    !tscope_filter_match(&listener->filter, packet))
		return;
	ring = this_cpu_ptr(listener->rings->ring);
	record = tscope_ring_reserve(ring, packet->vantage, packet->segs, &index);
	if (!record)
		return;
	tscope_fill(record, packet);
	tscope_ring_commit(ring, record, index);
}

/* To all `but` one that has it (NULL: to all). From a hook, with preemption off. */
void tscope_deliver(const struct tscope_packet *packet, const struct tscope_listener *but);

#endif
