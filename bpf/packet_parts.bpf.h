/* SPDX-License-Identifier: GPL-2.0-only */
/* What a hook saw, before the filter, and what every way of filling it in begins with. As kmod/packet_parts.h has it. */
#ifndef TSCOPE_PACKET_PARTS_BPF_H
#define TSCOPE_PACKET_PARTS_BPF_H

#include "headers.bpf.h"
#include "read.bpf.h"
#include "ring.bpf.h"

/* An IPv6 and a TCP header without options. */
#define FIRST_READ 64
#define FIRST_WORDS (FIRST_READ / sizeof(__u64))
#define HEADER_WORDS (TSCOPE_HEADER_MAX / sizeof(__u64))

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
	__u32 header_len;
	__u16 segs;
	__u16 sport;		/* host order */
	__u16 dport;
	__u8 family;
	__u8 vantage;
	__u8 kind;
	bool from_backlog;	/* of a socket that was in use: received by the process that used it */
	/*
	 * Headers made up, TSCOPE_HEADER_MAX bytes; or the first FIRST_READ bytes of those in place, by
	 * which is decided. Elsewhere, since what helpers are given the compiler keeps in memory.
	 */
	__u8 *header;
};

/* `header`: what packet->header is to be. */
static __always_inline void begin_unstamped(struct packet *packet, __u64 *header, __u8 vantage)
{
	__builtin_memset(packet, 0, sizeof(*packet));
	packet->header = (__u8 *)header;
	packet->vantage = vantage;
	packet->kind = TSCOPE_PACKET;
	packet->segs = 1;
}

/* For headers to be made up. */
static __always_inline void begin(struct packet *packet, __u64 *header, __u8 vantage)
{
	__u64 stamp = now();

	begin_unstamped(packet, header, vantage);
	__builtin_memset(header, 0, TSCOPE_HEADER_MAX);
	packet->stamp = stamp;
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

static __always_inline bool netns_wanted(const struct net *net)
{
	return !config.netns || netns_number(net) == config.netns;
}

static __always_inline __u16 segments(const struct sk_buff *skb, __u32 payload)
{
	const void *info = skb->head + skb->end;
	/* What the backlog merged has a count and no size, a guest's or tun's GSO packet the other way round. */
	__u16 segs = read_field(struct skb_shared_info, info, gso_segs);
	__u16 size;

	if (segs)
		return segs;
	size = read_field(struct skb_shared_info, info, gso_size);
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
