// SPDX-License-Identifier: GPL-2.0-only
#include <linux/if_arp.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/sched.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/dst.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "hooks.h"
#include "packet_parts.h"

#define EXTENSION_HEADERS_MAX 4

/*
 * A NAPI thread polls with soft interrupts off, as in one. Another process that receives with them off may
 * be polling (SO_BUSY_POLL), or hand a frame in (tun).
 */
u32 tscope_flags_outside_softirq(u8 vantage)
{
	const bool receives = vantage == TSCOPE_DRIVER_RX || vantage == TSCOPE_HW_RX ||
			      vantage == TSCOPE_SOCKET_RX;

	if (!in_softirq() || in_hardirq())
		return 0;
	if (current->flags & PF_KTHREAD && !strncmp(current->comm, "napi/", 5))
		return TSCOPE_F_SOFTIRQ;
	return receives ? TSCOPE_F_POLL_UNKNOWN : 0;
}

enum parsed {
	PARSED,
	NOT_OURS,
	NEED_MORE,
};

/* Where the transport header is, and what it is. */
struct transport {
	u32 offset;
	u32 ip_payload;
	u8 protocol;	/* as the IP header has it */
};

static enum parsed find_v4(struct tscope_packet *packet, const u8 *header, u32 avail,
			   struct transport *transport)
{
	const struct iphdr *ip = (const struct iphdr *)header;
	u32 total;

	if (avail < sizeof(*ip))
		return NEED_MORE;
	if (ip->ihl < 5 || (ip->frag_off & htons(IP_OFFSET)) || ip->protocol == IPPROTO_ICMPV6)
		return NOT_OURS;
	transport->protocol = ip->protocol;
	transport->offset = ip->ihl * 4;
	total = ntohs(ip->tot_len) ?: packet->wire_len;
	transport->ip_payload = total > transport->offset ? total - transport->offset : 0;
	packet->family = AF_INET;
	packet->saddr = (const u8 *)&ip->saddr;
	packet->daddr = (const u8 *)&ip->daddr;
	return PARSED;
}

static bool is_transport_v6(u8 next)
{
	return next == IPPROTO_TCP || next == IPPROTO_UDP || next == IPPROTO_ICMPV6;
}

static enum parsed find_v6(struct tscope_packet *packet, const u8 *header, u32 avail,
			   struct transport *transport)
{
	const struct ipv6hdr *ip = (const struct ipv6hdr *)header;
	u32 total, offset = sizeof(*ip);
	u8 next;
	int i;

	if (avail < sizeof(*ip))
		return NEED_MORE;
	next = ip->nexthdr;
	for (i = 0; i < EXTENSION_HEADERS_MAX && !is_transport_v6(next); i++) {
		const u8 *extension = header + offset;

		if (next != NEXTHDR_HOP && next != NEXTHDR_ROUTING && next != NEXTHDR_DEST &&
		    next != NEXTHDR_FRAGMENT)
			return NOT_OURS;
		if (avail < offset + 8)
			return NEED_MORE;
		if (next == NEXTHDR_FRAGMENT && ntohs(*(const __be16 *)(extension + 2)) & ~7)
			return NOT_OURS;
		offset += next == NEXTHDR_FRAGMENT ? 8 : (extension[1] + 1) * 8;
		next = extension[0];
	}
	if (!is_transport_v6(next))
		return NOT_OURS;
	transport->protocol = next;
	transport->offset = offset;
	total = ip->payload_len ? ntohs(ip->payload_len) + sizeof(*ip) : packet->wire_len;
	transport->ip_payload = total > offset ? total - offset : 0;
	packet->family = AF_INET6;
	packet->saddr = (const u8 *)&ip->saddr;
	packet->daddr = (const u8 *)&ip->daddr;
	return PARSED;
}

static enum parsed parse_tcp(struct tscope_packet *packet, const u8 *header, u32 avail,
			     const struct transport *transport)
{
	const struct tcphdr *tcp = (const struct tcphdr *)(header + transport->offset);
	u32 length;

	if (transport->offset + sizeof(*tcp) > TSCOPE_HEADER_MAX)
		return NOT_OURS;
	if (avail < transport->offset + sizeof(*tcp))
		return NEED_MORE;
	if (tcp->doff < 5)
		return NOT_OURS;

	length = tcp->doff * 4;
	packet->payload = transport->ip_payload > length ? transport->ip_payload - length : 0;
	length += transport->offset;
	if (length > avail && avail < TSCOPE_HEADER_MAX)
		return NEED_MORE;
	if (length > TSCOPE_HEADER_MAX) {
		length = TSCOPE_HEADER_MAX;
		packet->flags |= TSCOPE_F_CUT;
	}
	packet->protocol = TSCOPE_PROTO_TCP;
	packet->header = header;
	packet->header_len = length;
	packet->sport = ntohs(tcp->source);
	packet->dport = ntohs(tcp->dest);
	packet->seq = ntohl(tcp->seq);
	packet->seq_end = packet->seq + packet->payload + tcp->syn + tcp->fin;
	return PARSED;
}

static bool is_echo(const u8 *icmp, u8 family)
{
	if (family == AF_INET)
		return icmp[0] == ICMP_ECHO || icmp[0] == ICMP_ECHOREPLY;
	return icmp[0] == ICMPV6_ECHO_REQUEST || icmp[0] == ICMPV6_ECHO_REPLY;
}

static enum parsed parse_datagram(struct tscope_packet *packet, const u8 *header, u32 avail,
				  const struct transport *transport)
{
	const u8 *datagram = header + transport->offset;
	u32 length = transport->offset + TSCOPE_DATAGRAM_HEADER;

	if (length > TSCOPE_HEADER_MAX)
		return NOT_OURS;
	if (avail < length)
		return NEED_MORE;
	packet->sport = 0;
	packet->dport = 0;
	if (transport->protocol == IPPROTO_UDP) {
		const struct udphdr *udp = (const struct udphdr *)datagram;

		packet->protocol = TSCOPE_PROTO_UDP;
		packet->sport = ntohs(udp->source);
		packet->dport = ntohs(udp->dest);
	} else if (is_echo(datagram, packet->family)) {
		packet->protocol = TSCOPE_PROTO_ICMP;
	} else {
		return NOT_OURS;
	}
	packet->payload = transport->ip_payload > TSCOPE_DATAGRAM_HEADER ?
			  transport->ip_payload - TSCOPE_DATAGRAM_HEADER : 0;
	/* A length that lies does not make bytes. */
	if (packet->wire_len > length)
		length += min3(packet->payload, packet->wire_len - length, (u32)TSCOPE_PAYLOAD_MAX);
	length = min_t(u32, length, TSCOPE_HEADER_MAX);
	if (length > avail)
		return NEED_MORE;
	packet->header = header;
	packet->header_len = length;
	packet->seq = 0;
	packet->seq_end = 0;
	return PARSED;
}

static enum parsed parse(struct tscope_packet *packet, const u8 *header, u32 avail)
{
	u8 wanted = READ_ONCE(tscope_wanted_protocols);
	struct transport transport;
	enum parsed parsed;

	if (!avail)
		return NEED_MORE;
	switch (header[0] >> 4) {
	case 4:
		parsed = find_v4(packet, header, avail, &transport);
		break;
	case 6:
		parsed = find_v6(packet, header, avail, &transport);
		break;
	default:
		return NOT_OURS;
	}
	if (parsed != PARSED)
		return parsed;
	switch (transport.protocol) {
	case IPPROTO_TCP:
		return wanted & TSCOPE_PROTO_TCP ? parse_tcp(packet, header, avail, &transport)
						 : NOT_OURS;
	case IPPROTO_UDP:
		if (!(wanted & TSCOPE_PROTO_UDP))
			return NOT_OURS;
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		if (!(wanted & TSCOPE_PROTO_ICMP))
			return NOT_OURS;
		break;
	default:
		return NOT_OURS;
	}
	return parse_datagram(packet, header, avail, &transport);
}

bool tscope_packet_parse(struct tscope_packet *packet, const u8 *header, u32 avail)
{
	return parse(packet, header, avail) == PARSED;
}

/* IP header at `offset` from skb->data, before it or behind it; what lies in fragments is copied. */
static bool look(struct tscope_packet *packet, const struct sk_buff *skb, int offset)
{
	int linear = max((int)skb_headlen(skb) - offset, 0);
	int want = min_t(u32, packet->wire_len, TSCOPE_HEADER_MAX);
	enum parsed parsed = parse(packet, skb->data + offset, linear);

	if (parsed == NEED_MORE && linear < want) {
		if (skb_copy_bits(skb, offset, packet->buffer, want))
			return false;
		parsed = parse(packet, packet->buffer, want);
	}
	return parsed == PARSED;
}

static void note_tag(struct tscope_packet *packet, __be16 protocol, u16 tci)
{
	packet->vlan_tci = tci;
	packet->flags |= TSCOPE_F_VLAN | (protocol == htons(ETH_P_8021AD) ? TSCOPE_F_VLAN_AD : 0);
}

/* The Ethernet header, and the outermost tag: one taken out of the frame stood before those still in it. */
static void look_at_link(struct tscope_packet *packet, const struct sk_buff *skb,
			 const struct net_device *dev, int offset)
{
	const u8 *ip = skb->data + offset;
	const struct vlan_ethhdr *mac;

	if (skb_vlan_tag_present(skb))
		note_tag(packet, skb->vlan_proto, skb_vlan_tag_get(skb));
	if (dev->type != ARPHRD_ETHER && dev->type != ARPHRD_LOOPBACK)
		return;
	if (!skb_mac_header_was_set(skb) || skb_mac_header(skb) + ETH_HLEN > ip)
		return;
	packet->link = skb_mac_header(skb);
	packet->flags |= TSCOPE_F_LINK;
	mac = (const struct vlan_ethhdr *)packet->link;
	if (!skb_vlan_tag_present(skb) && packet->link + VLAN_ETH_HLEN <= ip &&
	    eth_type_vlan(mac->h_vlan_proto))
		note_tag(packet, mac->h_vlan_proto, ntohs(mac->h_vlan_TCI));
}

bool tscope_packet_at_device(struct tscope_packet *packet, const struct sk_buff *skb,
			     const struct net_device *dev, int offset)
{
	if (offset < 0 || offset >= skb->len)
		return false;
	tscope_packet_begin(packet, dev_net(dev), dev->ifindex, skb->len - offset);
	if (!look(packet, skb, offset))
		return false;
	look_at_link(packet, skb, dev, offset);
	packet->segs = tscope_segments(skb, packet->payload);
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

	tscope_packet_begin(packet, sock_net(sk), skb->skb_iif, skb->len + (skb->data - ip));
	if (parse(packet, ip, linear) != PARSED)
		return false;
	packet->seq = cb->seq;
	packet->seq_end = cb->end_seq;
	packet->segs = tscope_segments(skb, cb->end_seq - cb->seq);

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

bool tscope_packet_of_datagram(struct tscope_packet *packet, const struct sk_buff *skb,
			       const struct net *net)
{
	int offset = skb_network_offset(skb);

	tscope_packet_begin(packet, net, skb->skb_iif, skb->len - offset);
	if (!look(packet, skb, offset))
		return false;
	packet->segs = tscope_segments(skb, packet->payload);
	return true;
}

bool tscope_packet_into_ip(struct tscope_packet *packet, const struct sk_buff *skb,
			   const struct net *net)
{
	struct ipv6hdr *ip6 = (struct ipv6hdr *)packet->buffer;
	struct iphdr *ip = (struct iphdr *)packet->buffer;
	const struct dst_entry *dst = skb_dst(skb);
	int offset = skb_network_offset(skb);
	u32 len = skb->len - offset;
	u32 want = min_t(u32, len, TSCOPE_HEADER_MAX);

	if (want < sizeof(*ip) || skb_copy_bits(skb, offset, packet->buffer, want))
		return false;
	if (ip->version == 4) {
		ip->tot_len = htons(min_t(u32, len, U16_MAX));
		ip->check = 0;
	} else if (want >= sizeof(*ip6)) {
		ip6->payload_len = htons(min_t(u32, len - sizeof(*ip6), U16_MAX));
	}
	tscope_packet_begin(packet, net, dst && dst->dev ? dst->dev->ifindex : 0, len);
	if (parse(packet, packet->buffer, want) != PARSED)
		return false;
	packet->segs = tscope_segments(skb, packet->payload);
	return true;
}
