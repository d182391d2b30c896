// SPDX-License-Identifier: GPL-2.0-only
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/dst.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "packet.h"

#define EXTENSION_HEADERS_MAX 4

enum parsed {
	PARSED,
	NOT_TCP,
	NEED_MORE,
};

static u16 segments(const struct sk_buff *skb, u32 payload)
{
	const struct skb_shared_info *info = skb_shinfo(skb);

	if (info->gso_segs)
		return info->gso_segs;
	/* A guest's or tun's GSO packet comes without a count. */
	if (info->gso_size && payload > info->gso_size)
		return min_t(u32, DIV_ROUND_UP(payload, info->gso_size), U16_MAX);
	return 1;
}

static enum parsed find_tcp_v4(struct tscope_packet *packet, const u8 *header, u32 avail,
			       u32 *tcp_offset, u32 *ip_payload)
{
	const struct iphdr *ip = (const struct iphdr *)header;
	u32 total;

	if (avail < sizeof(*ip))
		return NEED_MORE;
	if (ip->protocol != IPPROTO_TCP || ip->ihl < 5 || (ip->frag_off & htons(IP_OFFSET)))
		return NOT_TCP;
	*tcp_offset = ip->ihl * 4;
	total = ntohs(ip->tot_len) ?: packet->wire_len;
	*ip_payload = total > *tcp_offset ? total - *tcp_offset : 0;
	packet->family = AF_INET;
	packet->saddr = (const u8 *)&ip->saddr;
	packet->daddr = (const u8 *)&ip->daddr;
	return PARSED;
}

static enum parsed find_tcp_v6(struct tscope_packet *packet, const u8 *header, u32 avail,
			       u32 *tcp_offset, u32 *ip_payload)
{
	const struct ipv6hdr *ip = (const struct ipv6hdr *)header;
	u32 total, offset = sizeof(*ip);
	u8 next;
	int i;

	if (avail < sizeof(*ip))
		return NEED_MORE;
	next = ip->nexthdr;
	for (i = 0; i < EXTENSION_HEADERS_MAX && next != IPPROTO_TCP; i++) {
		const u8 *extension = header + offset;

		if (next != NEXTHDR_HOP && next != NEXTHDR_ROUTING && next != NEXTHDR_DEST &&
		    next != NEXTHDR_FRAGMENT)
			return NOT_TCP;
		if (avail < offset + 8)
			return NEED_MORE;
		if (next == NEXTHDR_FRAGMENT && ntohs(*(const __be16 *)(extension + 2)) & ~7)
			return NOT_TCP;
		offset += next == NEXTHDR_FRAGMENT ? 8 : (extension[1] + 1) * 8;
		next = extension[0];
	}
	if (next != IPPROTO_TCP)
		return NOT_TCP;
	*tcp_offset = offset;
	total = ip->payload_len ? ntohs(ip->payload_len) + sizeof(*ip) : packet->wire_len;
	*ip_payload = total > offset ? total - offset : 0;
	packet->family = AF_INET6;
	packet->saddr = (const u8 *)&ip->saddr;
	packet->daddr = (const u8 *)&ip->daddr;
	return PARSED;
}

static enum parsed parse(struct tscope_packet *packet, const u8 *header, u32 avail)
{
	const struct tcphdr *tcp;
	u32 offset, ip_payload, payload, length;
	enum parsed parsed;

	if (!avail)
		return NEED_MORE;
	switch (header[0] >> 4) {
	case 4:
		parsed = find_tcp_v4(packet, header, avail, &offset, &ip_payload);
		break;
	case 6:
		parsed = find_tcp_v6(packet, header, avail, &offset, &ip_payload);
		break;
	default:
		return NOT_TCP;
	}
	if (parsed != PARSED)
		return parsed;
	if (offset + sizeof(*tcp) > TSCOPE_HEADER_MAX)
		return NOT_TCP;
	if (avail < offset + sizeof(*tcp))
		return NEED_MORE;
	tcp = (const struct tcphdr *)(header + offset);
	if (tcp->doff < 5)
		return NOT_TCP;

	length = tcp->doff * 4;
	payload = ip_payload > length ? ip_payload - length : 0;
	length += offset;
	if (length > avail && avail < TSCOPE_HEADER_MAX)
		return NEED_MORE;
	if (length > TSCOPE_HEADER_MAX) {
		length = TSCOPE_HEADER_MAX;
		packet->flags |= TSCOPE_F_CUT;
	}
	packet->header = header;
	packet->header_len = length;
	packet->sport = ntohs(tcp->source);
	packet->dport = ntohs(tcp->dest);
	packet->seq = ntohl(tcp->seq);
	packet->seq_end = packet->seq + payload + tcp->syn + tcp->fin;
	return PARSED;
}

static void begin(struct tscope_packet *packet, const struct net *net, u32 ifindex, u32 wire_len)
{
	packet->net = net;
	packet->link = NULL;
	packet->ifindex = ifindex;
	packet->wire_len = wire_len;
	packet->flags = in_serving_softirq() ? TSCOPE_F_SOFTIRQ : 0;
	packet->kind = TSCOPE_PACKET;
}

static const u8 *link_header(const struct sk_buff *skb, const struct net_device *dev, int offset)
{
	const u8 *mac;

	if (dev->type != ARPHRD_ETHER && dev->type != ARPHRD_LOOPBACK)
		return NULL;
	if (!skb_mac_header_was_set(skb))
		return NULL;
	mac = skb_mac_header(skb);
	return mac + ETH_HLEN <= skb->data + offset ? mac : NULL;
}

bool tscope_packet_at_device(struct tscope_packet *packet, const struct sk_buff *skb,
			     const struct net_device *dev, int offset)
{
	u32 linear, want;
	enum parsed parsed;

	if (offset < 0 || offset >= skb->len)
		return false;
	begin(packet, dev_net(dev), dev->ifindex, skb->len - offset);
	linear = offset < skb_headlen(skb) ? skb_headlen(skb) - offset : 0;
	want = min_t(u32, packet->wire_len, TSCOPE_HEADER_MAX);

	parsed = parse(packet, skb->data + offset, linear);
	if (parsed == NEED_MORE && linear < want) {
		if (skb_copy_bits(skb, offset, packet->buffer, want))
			return false;
		parsed = parse(packet, packet->buffer, want);
	}
	if (parsed != PARSED)
		return false;
	packet->link = link_header(skb, dev, offset);
	packet->segs = segments(skb, packet->seq_end - packet->seq);
	return true;
}

bool tscope_packet_at_socket(struct tscope_packet *packet, const struct sk_buff *skb,
			     const struct sock *sk)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	const u8 *ip = skb_network_header(skb);
	u32 linear = skb_tail_pointer(skb) - ip;
	u32 tcp_offset = skb_transport_header(skb) - ip;
	const struct tcphdr *tcp;

	begin(packet, sock_net(sk), skb->skb_iif, skb->len + (skb->data - ip));
	if (parse(packet, ip, linear) != PARSED)
		return false;
	packet->seq = cb->seq;
	packet->seq_end = cb->end_seq;
	packet->segs = segments(skb, cb->end_seq - cb->seq);

	/* tcp_add_backlog() leaves the first ACK's number in the header of a merged one. */
	tcp = (const struct tcphdr *)(packet->header + tcp_offset);
	if (tcp->ack && ntohl(tcp->ack_seq) != cb->ack_seq) {
		memcpy(packet->buffer, packet->header, packet->header_len);
		((struct tcphdr *)(packet->buffer + tcp_offset))->ack_seq = htonl(cb->ack_seq);
		packet->header = packet->buffer;
		packet->flags |= TSCOPE_F_COALESCED;
	}
	return true;
}

static u32 socket_ifindex(const struct sock *sk)
{
	struct dst_entry *dst;
	u32 ifindex;

	rcu_read_lock();
	dst = rcu_dereference(sk->sk_dst_cache);
	ifindex = dst && dst->dev ? dst->dev->ifindex : sk->sk_bound_dev_if;
	rcu_read_unlock();
	return ifindex;
}

/* Local to remote. Gives the header's length. */
static u32 make_ip_header(struct tscope_packet *packet, const struct sock *sk, u8 family,
			  enum tscope_direction direction)
{
	bool out = direction == TSCOPE_FROM_SOCKET;

	packet->family = family;
	packet->header = packet->buffer;
	packet->flags |= TSCOPE_F_SYNTH_IP;
	if (family == AF_INET) {
		struct iphdr *ip = (struct iphdr *)packet->buffer;
		const struct inet_sock *inet = inet_sk(sk);

		*ip = (struct iphdr) {
			.version = 4,
			.ihl = 5,
			.ttl = 64,
			.protocol = IPPROTO_TCP,
			.saddr = out ? inet->inet_saddr : inet->inet_daddr,
			.daddr = out ? inet->inet_daddr : inet->inet_saddr,
		};
		packet->saddr = (const u8 *)&ip->saddr;
		packet->daddr = (const u8 *)&ip->daddr;
		return sizeof(*ip);
	}
#if IS_ENABLED(CONFIG_IPV6)
	if (family == AF_INET6) {
		struct ipv6hdr *ip = (struct ipv6hdr *)packet->buffer;
		const struct in6_addr *local = &sk->sk_v6_rcv_saddr;

		if (ipv6_addr_any(local) && inet6_sk(sk))
			local = &inet6_sk(sk)->saddr;
		*ip = (struct ipv6hdr) {
			.version = 6,
			.hop_limit = 64,
			.nexthdr = IPPROTO_TCP,
			.saddr = out ? *local : sk->sk_v6_daddr,
			.daddr = out ? sk->sk_v6_daddr : *local,
		};
		packet->saddr = (const u8 *)&ip->saddr;
		packet->daddr = (const u8 *)&ip->daddr;
		return sizeof(*ip);
	}
#endif
	return 0;
}

static void set_ip_length(struct tscope_packet *packet)
{
	struct ipv6hdr *ip6 = (struct ipv6hdr *)packet->buffer;
	struct iphdr *ip = (struct iphdr *)packet->buffer;

	if (packet->family == AF_INET)
		ip->tot_len = htons(min_t(u32, packet->wire_len, U16_MAX));
	else
		ip6->payload_len = htons(min_t(u32, packet->wire_len - sizeof(*ip6), U16_MAX));
}

bool tscope_packet_before_ip(struct tscope_packet *packet, const struct sk_buff *skb,
			     const struct sock *sk, u8 family)
{
	const struct tcphdr *tcp = (const struct tcphdr *)skb->data;
	u32 ip_len, tcp_len;

	if (sk->sk_protocol != IPPROTO_TCP || skb_headlen(skb) < sizeof(*tcp))
		return false;
	tcp_len = tcp->doff * 4;
	if (tcp_len < sizeof(*tcp) || skb_headlen(skb) < tcp_len)
		return false;
	begin(packet, sock_net(sk), socket_ifindex(sk), 0);
	ip_len = make_ip_header(packet, sk, family, TSCOPE_FROM_SOCKET);
	if (!ip_len)
		return false;
	memcpy(packet->buffer + ip_len, tcp, tcp_len);
	packet->header_len = ip_len + tcp_len;
	packet->wire_len = ip_len + skb->len;
	set_ip_length(packet);
	packet->sport = ntohs(tcp->source);
	packet->dport = ntohs(tcp->dest);
	packet->seq = ntohl(tcp->seq);
	packet->seq_end = packet->seq + skb->len - tcp_len + tcp->syn + tcp->fin;
	packet->segs = segments(skb, skb->len - tcp_len);
	return true;
}

bool tscope_packet_from_socket(struct tscope_packet *packet, const struct sock *sk,
			       enum tscope_direction direction, u32 seq, u32 len)
{
	bool out = direction == TSCOPE_FROM_SOCKET;
	u8 family = sk->sk_family;
	struct tcphdr *tcp;
	u32 ip_len;

	if (sk->sk_protocol != IPPROTO_TCP)
		return false;
#if IS_ENABLED(CONFIG_IPV6)
	if (family == AF_INET6 && ipv6_addr_v4mapped(&sk->sk_v6_daddr))
		family = AF_INET;
#endif
	begin(packet, sock_net(sk), socket_ifindex(sk), 0);
	ip_len = make_ip_header(packet, sk, family, direction);
	if (!ip_len)
		return false;
	tcp = (struct tcphdr *)(packet->buffer + ip_len);
	*tcp = (struct tcphdr) {
		.source = out ? inet_sk(sk)->inet_sport : inet_sk(sk)->inet_dport,
		.dest = out ? inet_sk(sk)->inet_dport : inet_sk(sk)->inet_sport,
		.seq = htonl(seq),
		.ack_seq = htonl(out ? READ_ONCE(tcp_sk(sk)->rcv_nxt)
				     : READ_ONCE(tcp_sk(sk)->snd_una)),
		.doff = sizeof(*tcp) / 4,
		.ack = 1,
	};
	packet->flags |= TSCOPE_F_SYNTH_TCP;
	packet->header_len = ip_len + sizeof(*tcp);
	packet->wire_len = packet->header_len + len;
	set_ip_length(packet);
	packet->sport = ntohs(tcp->source);
	packet->dport = ntohs(tcp->dest);
	packet->seq = seq;
	packet->seq_end = seq + len;
	packet->segs = 1;
	return true;
}
