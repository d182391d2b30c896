// SPDX-License-Identifier: GPL-2.0-only
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/dst.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/route.h>

#include "train.h"
#include "train_frame.h"

#define TIME_BYTES 8

static bool field_fits(u32 at, u32 bytes, u32 from, u32 len)
{
	return !at || (at >= from && at + bytes <= len);
}

static __be16 ethertype(const u8 *frame, u32 ip_at)
{
	return *(const __be16 *)(frame + ip_at - sizeof(__be16));
}

static bool ip_fits(const u8 *frame, u32 ip_at)
{
	const struct iphdr *ip = (const void *)(frame + ip_at);

	return ethertype(frame, ip_at) == htons(ETH_P_IP) && ip->version == 4 &&
	       ip->ihl == sizeof(*ip) / 4 && ip->protocol == IPPROTO_UDP && !ip_is_fragment(ip);
}

static bool ipv6_fits(const u8 *frame, u32 ip_at)
{
	const struct ipv6hdr *ip = (const void *)(frame + ip_at);

	return ethertype(frame, ip_at) == htons(ETH_P_IPV6) && ip->version == 6 &&
	       ip->nexthdr == IPPROTO_UDP;
}

int tscope_frame_parse(struct tscope_probe_train *train, const struct tscope_train *request)
{
	u32 i, payload_at, shortest = request->frame_len;
	bool tagged = request->ip_at == ETH_HLEN + VLAN_HLEN;

	if (!tagged && request->ip_at != ETH_HLEN)
		return -EINVAL;
	for (i = 0; i < request->count; i++)
		shortest = min(shortest, train->probes[i].len);
	train->ip_at = request->ip_at;
	train->udp_at = train->ip_at + sizeof(struct iphdr);
	if (shortest < train->udp_at + sizeof(struct udphdr))
		return -EINVAL;
	if (tagged && !eth_type_vlan(*(const __be16 *)(train->frame + 2 * ETH_ALEN)))
		return -EINVAL;
	if (!ip_fits(train->frame, train->ip_at)) {
		train->udp_at = train->ip_at + sizeof(struct ipv6hdr);
		if (shortest < train->udp_at + sizeof(struct udphdr) ||
		    !ipv6_fits(train->frame, train->ip_at))
			return -EINVAL;
	}
	payload_at = train->udp_at + sizeof(struct udphdr);
	train->seq_at = request->seq_at;
	train->time_at = request->time_at;
	if (!field_fits(train->seq_at, sizeof(__be32), payload_at, shortest) ||
	    !field_fits(train->time_at, TIME_BYTES, payload_at, shortest) ||
	    (train->time_at && (train->time_at - train->udp_at) % 2))
		return -EINVAL;
	return 0;
}

struct dst_entry *tscope_frame_route(const struct tscope_probe_train *train)
{
	const struct iphdr *ip = (const void *)(train->frame + train->ip_at);
	struct flowi4 flow = {
		.daddr = ip->daddr,
		.saddr = ip->saddr,
		.flowi4_proto = IPPROTO_UDP,
		.flowi4_oif = train->dev->ifindex,
	};
	struct rtable *route;

	if (!(train->dev->flags & IFF_LOOPBACK) || !ip_fits(train->frame, train->ip_at))
		return NULL;
	route = ip_route_output_key(dev_net(train->dev), &flow);
	if (IS_ERR(route))
		return NULL;
	if (!(route->rt_flags & RTCF_LOCAL)) {
		ip_rt_put(route);
		return NULL;
	}
	return &route->dst;
}

static struct udphdr *udp_of(const struct tscope_probe_train *train, struct sk_buff *skb)
{
	return (struct udphdr *)(skb->data + train->udp_at);
}

/* Lengths and checksums; the sum that the time is yet to be added to is kept. */
static void finish_headers(struct tscope_probe_train *train, struct sk_buff *skb)
{
	struct udphdr *udp = udp_of(train, skb);
	u32 udp_len = skb->len - train->udp_at;
	void *ip = skb->data + train->ip_at;
	__wsum sum;

	udp->len = htons(udp_len);
	udp->check = 0;
	sum = csum_partial(udp, udp_len, 0);
	if (skb->protocol == htons(ETH_P_IP)) {
		struct iphdr *ip4 = ip;

		ip4->tot_len = htons(skb->len - train->ip_at);
		ip_send_check(ip4);
		train->sum = csum_tcpudp_nofold(ip4->saddr, ip4->daddr, udp_len, IPPROTO_UDP, sum);
	} else {
		struct ipv6hdr *ip6 = ip;

		ip6->payload_len = htons(udp_len);
		train->sum = ~csum_unfold(csum_ipv6_magic(&ip6->saddr, &ip6->daddr, udp_len,
							  IPPROTO_UDP, sum));
	}
}

void tscope_frame_prepare(struct tscope_probe_train *train, gfp_t gfp)
{
	u32 len = train->probes[train->next].len;
	struct net_device *dev = train->dev;
	struct sk_buff *skb;
	int headroom = LL_RESERVED_SPACE(dev);

	train->skb = NULL;
	skb = alloc_skb(headroom + len + dev->needed_tailroom, gfp | __GFP_NOWARN | __GFP_NORETRY);
	train->head_len = min_t(u32, len - train->ip_at, sizeof(train->head));
	if (!skb) {
		/* Its record has the headers as they were submitted. */
		memcpy(train->head, train->frame + train->ip_at, train->head_len);
		return;
	}
	skb_reserve(skb, headroom);
	skb_put_data(skb, train->frame, len);
	skb->dev = dev;
	skb->protocol = ethertype(train->frame, train->ip_at);
	skb->ip_summed = CHECKSUM_NONE;
	if (train->dst)
		skb_dst_set(skb, dst_clone(train->dst));
	skb_reset_mac_header(skb);
	skb_set_network_header(skb, train->ip_at);
	skb_set_transport_header(skb, train->udp_at);
	if (train->seq_at)
		put_unaligned_be32(train->next, skb->data + train->seq_at);
	if (train->time_at)
		memset(skb->data + train->time_at, 0, TIME_BYTES);
	finish_headers(train, skb);
	memcpy(train->head, skb->data + train->ip_at, train->head_len);
	train->skb = skb;
}

void tscope_frame_stamp(struct tscope_probe_train *train, u64 ntp)
{
	__be64 time = cpu_to_be64(ntp);
	struct sk_buff *skb = train->skb;
	struct udphdr *udp = udp_of(train, skb);
	u32 check_at = train->udp_at - train->ip_at + offsetof(struct udphdr, check);
	__wsum sum = train->sum;

	if (train->time_at) {
		u32 time_at = train->time_at - train->ip_at;

		memcpy(skb->data + train->time_at, &time, TIME_BYTES);
		if (time_at + TIME_BYTES <= train->head_len)
			memcpy(train->head + time_at, &time, TIME_BYTES);
		sum = csum_add(sum, csum_add((__force __wsum)(u32)(__force u64)time,
					     (__force __wsum)(u32)((__force u64)time >> 32)));
	}
	udp->check = csum_fold(sum) ?: CSUM_MANGLED_0;
	memcpy(train->head + check_at, &udp->check, sizeof(udp->check));
}
