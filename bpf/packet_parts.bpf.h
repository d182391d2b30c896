/* SPDX-License-Identifier: GPL-2.0-only */
/* What a hook saw, before the filter, and what every way of filling it in begins with. As kmod/packet_parts.h has it. */
#ifndef TSCOPE_PACKET_PARTS_BPF_H
#define TSCOPE_PACKET_PARTS_BPF_H

#include "headers.bpf.h"
#include "ring.bpf.h"

#define TCP_HEADER_MAX 60
#define DATAGRAM_HEADER 8	/* of UDP, and of an ICMP echo */
#define ICMP_ECHOREPLY 0
#define ICMP_ECHO 8
#define ICMPV6_ECHO_REQUEST 128
#define ICMPV6_ECHO_REPLY 129

struct packet {
	__u64 stamp;
	__u32 netns;
	__u32 ifindex;
	__u32 wire_len;
	__u32 seq;
	__u32 seq_end;
	__u32 payload;		/* bytes behind the transport header */
	__u32 flags;
	__u16 header_len;
	__u16 segs;
	__u16 sport;		/* host order */
	__u16 dport;
	__u8 family;
	__u8 vantage;
	__u8 kind;
	__u8 link[TSCOPE_LINK_MAX];
	__u8 header[TSCOPE_HEADER_MAX] __attribute__((aligned(8)));
};

/* Set when every hook is attached, so that all vantage points begin together. */
volatile bool running;

/* Packets whose headers lie where no program of this type can read: by vantage point. */
__u64 unreadable[TSCOPE_VANTAGES];

static __always_inline bool unreadable_here(const struct packet *packet)
{
	__u32 vantage = packet->vantage;

	barrier_var(vantage);
	if (running && vantage < TSCOPE_VANTAGES)
		__sync_fetch_and_add(&unreadable[vantage], 1);
	return false;
}

/*
 * The first `avail` bytes from the IP header on can be read and are too few: the rest is elsewhere,
 * if there is one.
 */
static __always_inline bool ends_here(const struct packet *packet, __u32 avail)
{
	return packet->wire_len > avail ? unreadable_here(packet) : false;
}

static __always_inline void begin_at(struct packet *packet, __u8 vantage, __u64 stamp)
{
	__builtin_memset(packet, 0, sizeof(*packet));
	packet->stamp = stamp;
	packet->vantage = vantage;
	packet->kind = TSCOPE_PACKET;
	packet->segs = 1;
}

static __always_inline void begin(struct packet *packet, __u8 vantage)
{
	begin_at(packet, vantage, now());
}

/*
 * Kernels built by clang say of this pointer that RCU frees what it points to: the verifier then wants
 * it tested.
 */
static __always_inline __u32 netns_number(const struct net *net)
{
	return net ? net->ns.inum : 0;
}

/* Most packets of a busy host are another namespace's or device's: they cost no more than this. */
static __always_inline bool device_wanted(const struct net_device *dev)
{
	if (config.netns && netns_number(dev->nd_net.net) != config.netns)
		return false;
	return !config.filter.ifindex || config.filter.ifindex == (__u32)dev->ifindex;
}

static __always_inline __u16 segments(const struct sk_buff *skb, __u32 payload)
{
	const struct skb_shared_info *info = (const void *)(skb->head + skb->end);
	/* What the backlog merged has a count and no size, a guest's or tun's GSO packet the other way round. */
	__u16 segs = BPF_CORE_READ(info, gso_segs);
	__u16 size;

	if (segs)
		return segs;
	size = BPF_CORE_READ(info, gso_size);
	return !size || payload <= size ? 1 : (payload + size - 1) / size;
}

static __always_inline bool protocol_wanted(__u8 protocol)
{
	return !config.filter.protocols || config.filter.protocols & protocol;
}

static __always_inline bool is_echo(__u8 type, __u8 family)
{
	if (family == AF_INET)
		return type == ICMP_ECHO || type == ICMP_ECHOREPLY;
	return type == ICMPV6_ECHO_REQUEST || type == ICMPV6_ECHO_REPLY;
}

#endif
