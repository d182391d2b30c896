// SPDX-License-Identifier: GPL-2.0-only
#include <linux/if_ether.h>
#include <linux/lockdep.h>
#include <linux/smp.h>
#include <net/net_namespace.h>

#include "deliver.h"
#include "filter.h"
#include "hooks.h"
#include "listeners.h"
#include "packet.h"
#include "ring.h"
#include "uapi/layout.h"

static_assert(sizeof(struct tscope_record) == TSCOPE_RECORD_SIZE);
#define FIELD(name, offset, size)						\
	static_assert(offsetof(struct tscope_record, name) == (offset));	\
	static_assert(sizeof_field(struct tscope_record, name) == (size));
TSCOPE_LAYOUT(FIELD)
#undef FIELD

static void put_nic_time(struct tscope_record *record, u64 nic_ns)
{
	if (record->header_len > TSCOPE_NIC_TIME_AT) {
		record->header_len = TSCOPE_NIC_TIME_AT;
		record->flags |= TSCOPE_F_CUT;
	}
	memcpy(record->header + TSCOPE_NIC_TIME_AT, &nic_ns, sizeof(nic_ns));
}

/* A tag that stands in the frame is in vlan_tci as one that was taken out: the header is as without. */
static __always_inline void put_link(struct tscope_record *record, const struct tscope_packet *packet)
{
	const __be16 ethertype = htons(packet->family == AF_INET ? ETH_P_IP : ETH_P_IPV6);

	memcpy(record->link, packet->link, 2 * ETH_ALEN);
	memcpy(record->link + 2 * ETH_ALEN, &ethertype, sizeof(ethertype));
}

/* Whole words, then what is left: a TCP header's last word at most, and of payload any number of bytes. */
static __always_inline void put_header(struct tscope_record *record, const struct tscope_packet *packet)
{
	const u8 *from = packet->header;
	u8 *to = record->header;
	unsigned int words = packet->header_len / sizeof(u64), rest = packet->header_len % sizeof(u64);

	for (; words; words--, from += sizeof(u64), to += sizeof(u64))
		memcpy(to, from, sizeof(u64));
	if (rest & sizeof(u32)) {
		memcpy(to, from, sizeof(u32));
		from += sizeof(u32);
		to += sizeof(u32);
	}
	for (rest &= sizeof(u32) - 1; rest; rest--)
		*to++ = *from++;
}

static __always_inline void fill(struct tscope_record *record, const struct tscope_packet *packet)
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
		put_link(record, packet);
	record->vlan_tci = packet->flags & TSCOPE_F_VLAN ? packet->vlan_tci : 0;
	put_header(record, packet);
	if (unlikely(packet->vantage == TSCOPE_HW_RX || packet->vantage == TSCOPE_HW_TX))
		put_nic_time(record, packet->nic_ns);
}

static __always_inline void give(const struct tscope_listener *listener,
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
	fill(record, packet);
	tscope_ring_commit(ring, record, index);
}

void tscope_deliver(const struct tscope_packet *packet)
{
	const struct tscope_listener *listener;

	lockdep_assert_preemption_disabled();
	tscope_for_each_listener(listener, tscope_listeners_of(packet->net)) {
		if (listener->net == packet->net)
			give(listener, packet);
	}
	tscope_for_each_listener(listener, &tscope_listeners_everywhere)
		give(listener, packet);
}
