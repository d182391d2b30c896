/* SPDX-License-Identifier: GPL-2.0-only */
/* What a hook saw, before any session's filter: on the hook's stack, pointing into the skb. */
#ifndef TSCOPE_PACKET_H
#define TSCOPE_PACKET_H

#include <linux/types.h>
#include <linux/tcp.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "uapi/tscope.h"

struct msghdr;
struct net;
struct net_device;
struct sk_buff;

struct tscope_packet {
	u64 tsc;
	u64 nic_ns;		/* TSCOPE_HW_RX, TSCOPE_HW_TX: on the NIC's clock; 0: no stamp */
	const struct net *net;
	const u8 *header;	/* from the IP header on: in the skb or in buffer */
	const u8 *link;		/* TSCOPE_LINK_MAX bytes, with TSCOPE_F_LINK */
	u32 ifindex;
	u32 wire_len;
	u32 seq;
	u32 seq_end;
	u32 payload;		/* bytes behind the transport header */
	u32 flags;
	u16 segs;
	u16 vlan_tci;
	u16 sport;		/* host order */
	u16 dport;
	u8 family;		/* AF_INET, AF_INET6 */
	u8 protocol;		/* one TSCOPE_PROTO_* */
	u8 vantage;
	u8 kind;
	u8 header_len;
	u8 buffer[TSCOPE_HEADER_MAX] __aligned(4);
};

/* Which way bytes of a made-up header go. */
enum tscope_direction {
	TSCOPE_FROM_SOCKET,
	TSCOPE_TO_SOCKET,
};

/*
 * Each fills all of *packet but tsc and vantage, which the caller has set, and says false for
 * what is not TCP, UDP or an ICMP echo over IPv4 or IPv6 (a later fragment has no transport
 * header either), or is of a protocol that no session wants.
 */

/* At a device: IP header at `offset` from skb->data. */
bool tscope_packet_at_device(struct tscope_packet *packet, const struct sk_buff *skb,
			     const struct net_device *dev, int offset);
/* At a TCP socket: control block filled, both headers in place. */
bool tscope_packet_at_socket(struct tscope_packet *packet, const struct sk_buff *skb,
			     const struct sock *sk);
/* TCP header only, in front of the IP layer of `family`: the IP header is made up. */
bool tscope_packet_before_ip(struct tscope_packet *packet, const struct sk_buff *skb,
			     const struct sock *sk, u8 family);
/* At or behind its protocol's handler, skb->data behind the headers: UDP, ICMP. */
bool tscope_packet_of_datagram(struct tscope_packet *packet, const struct sk_buff *skb,
			       const struct net *net);
/* On its way into the IP layer: UDP; the IP header is there but for its length and checksum. */
bool tscope_packet_into_ip(struct tscope_packet *packet, const struct sk_buff *skb,
			   const struct net *net);
/* In the queue of a ping or raw socket, or the kernel's own: the IP header is made up. */
bool tscope_packet_from_queue(struct tscope_packet *packet, const struct sock *sk, u8 family,
			      const void *saddr, const void *daddr);
/* A send call of a UDP, ping or raw socket: both headers are made up. */
bool tscope_packet_from_call(struct tscope_packet *packet, const struct sock *sk,
			     const struct msghdr *msg, size_t len);
/*
 * Whether this is a struct tcp_sock. The protocol alone does not tell: a raw socket of protocol TCP
 * is smaller.
 */
static inline bool tscope_is_tcp(const struct sock *sk)
{
	return sk->sk_protocol == IPPROTO_TCP && sk->sk_type == SOCK_STREAM &&
	       (sk->sk_family == AF_INET || sk->sk_family == AF_INET6);
}

/* TSCOPE_F_ULP and TSCOPE_F_MPTCP, of a TCP socket that is no request or TIME_WAIT socket. */
static inline u32 tscope_socket_flags(const struct sock *sk)
{
	u32 flags = READ_ONCE(sk->sk_prot)->recvmsg == tcp_prot.recvmsg ? 0 : TSCOPE_F_ULP;

#if IS_ENABLED(CONFIG_MPTCP)
	if (tcp_sk(sk)->is_mptcp)
		flags |= TSCOPE_F_MPTCP;
#endif
	return flags;
}

/* A TCP call's bytes [seq, seq + len): both headers are made up. */
bool tscope_packet_from_socket(struct tscope_packet *packet, const struct sock *sk,
			       enum tscope_direction direction, u32 seq, u32 len);

#endif
