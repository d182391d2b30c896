// SPDX-License-Identifier: GPL-2.0-only
#include <linux/if_ether.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/smp.h>
#include <net/net_namespace.h>

#include "deliver.h"
#include "filter.h"
#include "hooks.h"
#include "packet.h"
#include "session.h"
#include "uapi/layout.h"

static DEFINE_MUTEX(running_lock);	/* taken after a session's */
static LIST_HEAD(running_sessions);	/* running_lock to change, RCU to read */

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
static void put_link(struct tscope_record *record, const struct tscope_packet *packet)
{
	const __be16 ethertype = htons(packet->family == AF_INET ? ETH_P_IP : ETH_P_IPV6);

	memcpy(record->link, packet->link, 2 * ETH_ALEN);
	memcpy(record->link + 2 * ETH_ALEN, &ethertype, sizeof(ethertype));
}

static void fill(struct tscope_record *record, const struct tscope_packet *packet)
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
	record->header_len = packet->header_len;
	record->vantage = packet->vantage;
	record->kind = packet->kind;
	record->clock = TSCOPE_CLOCK_TSC;
	if (packet->flags & TSCOPE_F_LINK)
		put_link(record, packet);
	record->vlan_tci = packet->flags & TSCOPE_F_VLAN ? packet->vlan_tci : 0;
	memcpy(record->header, packet->header, packet->header_len);
	if (packet->vantage == TSCOPE_HW_RX || packet->vantage == TSCOPE_HW_TX)
		put_nic_time(record, packet->nic_ns);
}

void tscope_deliver(const struct tscope_packet *packet)
{
	struct tscope_session *session;

	/* The ring is this CPU's: no moving away between reserve and commit. */
	preempt_disable_notrace();
	rcu_read_lock();
	list_for_each_entry_rcu(session, &running_sessions, running) {
		const struct tscope_config *config = &session->config;
		struct tscope_record *record;
		struct tscope_ring *ring;
		const struct net *net = READ_ONCE(session->net);
		u64 index;

		if (!(config->vantages & TSCOPE_VANTAGE_BIT(packet->vantage)))
			continue;
		/* No session outlives its namespace, not even one that sees them all. */
		if (!net || (net != packet->net && !(config->flags & TSCOPE_CONFIG_ALL_NETNS)))
			continue;
		if (!tscope_filter_match(&config->filter, packet))
			continue;
		ring = &session->rings->rings[smp_processor_id()];
		record = tscope_ring_reserve(ring, packet->vantage, packet->segs, &index);
		if (!record)
			continue;
		fill(record, packet);
		tscope_ring_commit(ring, record, index);
	}
	rcu_read_unlock();
	preempt_enable_notrace();
}

void tscope_deliver_to(struct tscope_session *session)
{
	mutex_lock(&running_lock);
	list_add_rcu(&session->running, &running_sessions);
	mutex_unlock(&running_lock);
}

void tscope_deliver_no_more(struct tscope_session *session)
{
	mutex_lock(&running_lock);
	list_del_rcu(&session->running);
	mutex_unlock(&running_lock);
	/* Every hook that could still see the session has committed after this. */
	synchronize_rcu();
}
