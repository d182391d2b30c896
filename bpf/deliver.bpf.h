/* SPDX-License-Identifier: GPL-2.0-only */
/* From a packet that a hook saw to a record in this CPU's ring. */
#ifndef TSCOPE_DELIVER_BPF_H
#define TSCOPE_DELIVER_BPF_H

#include "filter.bpf.h"
#include "link.bpf.h"
#include "packet_places.bpf.h"

#define PF_KTHREAD 0x00200000

/* A record that is being written. */
struct slot {
	struct tscope_record *record;
	__u32 lap;
};

/* A poll may also be run by a thread of its own, whose name begins so. */
static __always_inline bool is_napi_thread(void)
{
	const struct task_struct *task = bpf_get_current_task_btf();

	return task->flags & PF_KTHREAD && task->comm[0] == 'n' && task->comm[1] == 'a' &&
	       task->comm[2] == 'p' && task->comm[3] == 'i' && task->comm[4] == '/';
}

/* Another process that receives may be polling (SO_BUSY_POLL), or hand a frame in (tun). */
static __always_inline __u32 poll_flags(const struct tscope_bpf_ring *ring,
					const struct packet *packet)
{
	__u8 at = packet->vantage;

	if (ring->in_softirq || is_napi_thread())
		return TSCOPE_F_SOFTIRQ;
	if (at != TSCOPE_DRIVER_RX && at != TSCOPE_HW_RX && at != TSCOPE_SOCKET_RX)
		return 0;
	return packet->from_backlog ? 0 : TSCOPE_F_POLL_UNKNOWN;
}

/* All of a record but its headers, and no VLAN tag. */
static __always_inline bool begin_record(struct slot *slot, const struct packet *packet)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct tscope_bpf_ring *ring = ring_of(cpu);
	struct tscope_record *record;
	__u32 flags;

	if (!ring || !ring->running)
		return false;
	record = reserve(ring, cpu, packet->vantage, packet->segs, &slot->lap);
	if (!record)
		return false;
	flags = packet->flags | poll_flags(ring, packet);
	record->tsc = packet->stamp;
	record->netns = packet->netns;
	record->ifindex = packet->ifindex;
	record->seq = packet->seq;
	record->seq_end = packet->seq_end;
	record->wire_len = packet->wire_len;
	record->napi_poll = flags & TSCOPE_F_SOFTIRQ ? ring->napi_polls : 0;
	record->cpu = cpu;
	record->segs = packet->segs;
	record->flags = flags;
	record->vantage = packet->vantage;
	record->kind = packet->kind;
	record->clock = clock_kind();
	record->header_len = packet->header_len;
	record->vlan_tci = 0;
	slot->record = record;
	return true;
}

static __always_inline void end_record(const struct slot *slot)
{
	commit(slot->record, slot->lap);
}

static __always_inline void put_headers(const struct slot *slot, const struct packet *packet,
					const struct place *from)
{
	/* From the record: the verifier forgets what it found out on the way. */
	__u32 length = *(volatile __u8 *)&slot->record->header_len;

	if (from->paged)
		read_pages(from->skb, from->ip_offset, slot->record->header, length);
	else
		copy_header(slot->record->header, (const __u64 *)packet->header, from->ip, length);
}

/* Of headers in place. The hook, at a function, has found it wanted. */
static __always_inline void deliver_from(const struct packet *packet, const struct place *from)
{
	struct slot slot;

	stay_on_cpu();
	if (begin_record(&slot, packet)) {
		put_headers(&slot, packet, from);
		end_record(&slot);
	}
	may_leave_cpu();
}

/* The same at a device, by a tracepoint. */
static __always_inline void deliver_frame(const struct packet *packet, const struct place *from,
					  const struct sk_buff *skb, const struct net_device *dev)
{
	struct slot slot;

	if (!begin_record(&slot, packet))
		return;
	put_link(slot.record, packet, from, skb, dev);
	put_headers(&slot, packet, from);
	end_record(&slot);
}

/* Of headers made up. */
static __always_inline void deliver(const struct packet *packet)
{
	struct slot slot;

	if (!wanted(packet))
		return;
	stay_on_cpu();
	if (begin_record(&slot, packet)) {
		__builtin_memcpy(slot.record->header, packet->header, TSCOPE_HEADER_MAX);
		end_record(&slot);
	}
	may_leave_cpu();
}

#endif
