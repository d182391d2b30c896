/* SPDX-License-Identifier: GPL-2.0-only */
/* What a hook saw, before the filter. As kmod/packet.c has it, field by field. */
#ifndef TSCOPE_PACKET_BPF_H
#define TSCOPE_PACKET_BPF_H

#include "headers.bpf.h"
#include "ring.bpf.h"

/* Most headers fit: IPv6, TCP and its usual options are 72 bytes. */
#define FIRST_READ 80
#define EXTENSION_HEADERS_MAX 4
#define TCP_HEADER_MAX 60

struct packet {
	__u64 stamp;
	__u32 netns;
	__u32 ifindex;
	__u32 wire_len;
	__u32 seq;
	__u32 seq_end;
	__u16 header_len;
	__u16 segs;
	__u16 flags;
	__u16 sport;		/* host order */
	__u16 dport;
	__u8 family;
	__u8 vantage;
	__u8 kind;
	__u8 link_len;
	__u8 link[TSCOPE_LINK_MAX];
	__u8 header[TSCOPE_HEADER_MAX] __attribute__((aligned(8)));
};

/* Packets whose headers lie where no program of this type can read: by vantage point. */
__u64 unreadable[TSCOPE_VANTAGES];

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

/* Most packets of a busy host are another namespace's or device's: they cost no more than this. */
static __always_inline bool device_wanted(const struct net_device *dev)
{
	if (config.netns && dev->nd_net.net->ns.inum != config.netns)
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

/* Where TCP begins behind IPv6's extension headers; 0: not here. */
static __always_inline __u32 skip_extensions(const void *ip, __u32 avail, __u8 next)
{
	__u32 offset = sizeof(struct ipv6hdr);
	int i;

	for (i = 0; i < EXTENSION_HEADERS_MAX && next != IPPROTO_TCP; i++) {
		__u8 extension[8];

		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING &&
		    next != IPPROTO_DSTOPTS && next != IPPROTO_FRAGMENT)
			return 0;
		if (avail < offset + sizeof(extension) ||
		    bpf_probe_read_kernel(extension, sizeof(extension), ip + offset))
			return 0;
		if (next == IPPROTO_FRAGMENT && (extension[2] << 8 | extension[3]) & ~7)
			return 0;
		offset += next == IPPROTO_FRAGMENT ? 8 : (extension[1] + 1) * 8;
		next = extension[0];
	}
	return next == IPPROTO_TCP ? offset : 0;
}

/* From what was read already where it lies where it mostly does. */
static __always_inline bool read_tcp(const struct packet *packet, const void *ip, __u32 offset,
				     struct tcphdr *tcp)
{
	if (offset == sizeof(struct iphdr))
		__builtin_memcpy(tcp, packet->header + sizeof(struct iphdr), sizeof(*tcp));
	else if (offset == sizeof(struct ipv6hdr))
		__builtin_memcpy(tcp, packet->header + sizeof(struct ipv6hdr), sizeof(*tcp));
	else
		return !bpf_probe_read_kernel(tcp, sizeof(*tcp), ip + offset);
	return true;
}

/* Reads what is at `ip`, of which `avail` bytes can be read. */
static __always_inline bool read_headers(struct packet *packet, const void *ip, __u32 avail,
					 struct tcphdr *tcp)
{
	__u32 n = avail, offset, total, length, payload;
	__u8 version;

	/* Older verifiers lose sight of a bound that the compiler checks on a copy. */
	barrier_var(n);
	if (n > FIRST_READ)
		n = FIRST_READ;
	barrier_var(n);
	if (n < sizeof(struct iphdr) || bpf_probe_read_kernel(packet->header, n, ip))
		return false;
	version = packet->header[0] >> 4;
	if (version == 4) {
		const struct iphdr *ip4 = (const void *)packet->header;

		if (ip4->protocol != IPPROTO_TCP || ip4->ihl < 5 ||
		    ip4->frag_off & bpf_htons(IP_OFFSET))
			return false;
		packet->family = AF_INET;
		offset = ip4->ihl * 4;
		total = bpf_ntohs(ip4->tot_len);
	} else if (version == 6) {
		const struct ipv6hdr *ip6 = (const void *)packet->header;

		packet->family = AF_INET6;
		offset = sizeof(*ip6);
		if (ip6->nexthdr != IPPROTO_TCP)
			offset = skip_extensions(ip, avail, ip6->nexthdr);
		if (!offset)
			return false;
		total = bpf_ntohs(ip6->payload_len);
		if (total)
			total += sizeof(*ip6);
	} else {
		return false;
	}
	if (!total)
		total = packet->wire_len;
	if (offset + sizeof(*tcp) > TSCOPE_HEADER_MAX)
		return false;
	if (offset + sizeof(*tcp) > avail || !read_tcp(packet, ip, offset, tcp)) {
		unreadable[packet->vantage & (TSCOPE_VANTAGES - 1)]++;
		return false;
	}
	if (tcp->doff < 5)
		return false;

	length = offset + tcp->doff * 4;
	payload = total > length ? total - length : 0;
	if (length > avail || length > TSCOPE_HEADER_MAX) {
		length = avail < TSCOPE_HEADER_MAX ? avail : TSCOPE_HEADER_MAX;
		packet->flags |= TSCOPE_F_CUT;
	}
	packet->header_len = length;
	if (length > FIRST_READ) {
		barrier_var(length);
		if (length > TSCOPE_HEADER_MAX)
			length = TSCOPE_HEADER_MAX;
		barrier_var(length);
		bpf_probe_read_kernel(packet->header, length, ip);
	}
	packet->sport = bpf_ntohs(tcp->source);
	packet->dport = bpf_ntohs(tcp->dest);
	packet->seq = bpf_ntohl(tcp->seq);
	packet->seq_end = packet->seq + payload + tcp->syn + tcp->fin;
	return true;
}

static __always_inline void read_link(struct packet *packet, const struct sk_buff *skb,
				      const struct net_device *dev, const void *ip)
{
	const void *mac = skb->head + skb->mac_header;

	if (dev->type != ARPHRD_ETHER && dev->type != ARPHRD_LOOPBACK)
		return;
	if (skb->mac_header == (__u16)~0U || mac + ETH_HLEN > ip)
		return;
	if (!bpf_probe_read_kernel(packet->link, TSCOPE_LINK_MAX, mac))
		packet->link_len = TSCOPE_LINK_MAX;
}

/* At a device: IP header at `offset` from skb->data. */
static __always_inline bool at_device(struct packet *packet, const struct sk_buff *skb,
				      const struct net_device *dev, int offset)
{
	const void *ip = skb->data + offset;
	__u32 linear = skb->len - skb->data_len;
	struct tcphdr tcp;

	if (offset < 0 || (__u32)offset >= skb->len)
		return false;
	packet->netns = dev->nd_net.net->ns.inum;
	packet->ifindex = dev->ifindex;
	packet->wire_len = skb->len - offset;
	if (!read_headers(packet, ip, (__u32)offset < linear ? linear - offset : 0, &tcp))
		return false;
	read_link(packet, skb, dev, ip);
	packet->segs = segments(skb, packet->seq_end - packet->seq);
	return true;
}

/* At a TCP socket: control block filled, both headers in place. */
static __always_inline bool at_socket(struct packet *packet, const struct sk_buff *skb,
				      const struct sock *sk)
{
	const struct tcp_skb_cb *cb = (const void *)skb->cb;
	const void *ip = skb->head + skb->network_header;
	__u32 linear = skb->tail - skb->network_header;
	__u32 tcp_offset = skb->transport_header - skb->network_header;
	__u32 ack_seq = BPF_CORE_READ(cb, ack_seq);
	struct tcphdr tcp;

	packet->netns = sk->__sk_common.skc_net.net->ns.inum;
	packet->ifindex = skb->skb_iif;
	packet->wire_len = skb->len + (skb->data - (unsigned char *)ip);
	if (!read_headers(packet, ip, linear, &tcp))
		return false;
	packet->seq = BPF_CORE_READ(cb, seq);
	packet->seq_end = BPF_CORE_READ(cb, end_seq);
	packet->segs = segments(skb, packet->seq_end - packet->seq);

	/* tcp_add_backlog() leaves the first ACK's number in the header of a merged one. */
	if (tcp.ack && bpf_ntohl(tcp.ack_seq) != ack_seq) {
		tcp_offset += 8;
		if (tcp_offset <= TSCOPE_HEADER_MAX - 4) {
			ack_seq = bpf_htonl(ack_seq);
			__builtin_memcpy(packet->header + tcp_offset, &ack_seq, 4);
		}
		packet->flags |= TSCOPE_F_COALESCED;
	}
	return true;
}

static __always_inline __u32 socket_ifindex(const struct sock *sk)
{
	const struct dst_entry *dst = sk->sk_dst_cache;
	__u32 ifindex = dst ? BPF_CORE_READ(dst, dev, ifindex) : 0;

	return ifindex ?: sk->__sk_common.skc_bound_dev_if;
}

static __always_inline bool is_v4_mapped(const struct in6_addr *address)
{
	return !address->in6_u.u6_addr32[0] && !address->in6_u.u6_addr32[1] &&
	       address->in6_u.u6_addr32[2] == bpf_htonl(0xffff);
}

/* Which way the bytes of a made-up header go. */
enum direction {
	FROM_SOCKET,
	TO_SOCKET,
};

static __always_inline void make_ipv4(struct packet *packet, const struct sock *sk,
				      enum direction direction)
{
	__be32 local = BPF_CORE_READ((const struct inet_sock *)sk, inet_saddr);
	__be32 remote = sk->__sk_common.skc_daddr;
	struct iphdr *ip = (void *)packet->header;
	__u32 length = packet->wire_len + sizeof(*ip);

	ip->version = 4;
	ip->ihl = 5;
	ip->ttl = 64;
	ip->protocol = IPPROTO_TCP;
	ip->tot_len = bpf_htons(length < 0xffff ? length : 0xffff);
	ip->saddr = direction == FROM_SOCKET ? local : remote;
	ip->daddr = direction == FROM_SOCKET ? remote : local;
	packet->wire_len = length;
	packet->header_len += sizeof(*ip);
}

static __always_inline void make_ipv6(struct packet *packet, const struct sock *sk,
				      enum direction direction)
{
	struct in6_addr local = BPF_CORE_READ(sk, __sk_common.skc_v6_rcv_saddr);
	struct in6_addr remote = BPF_CORE_READ(sk, __sk_common.skc_v6_daddr);
	struct ipv6hdr *ip = (void *)packet->header;

	if (!local.in6_u.u6_addr32[0] && !local.in6_u.u6_addr32[1] && !local.in6_u.u6_addr32[2] &&
	    !local.in6_u.u6_addr32[3])
		local = BPF_CORE_READ((const struct inet_sock *)sk, pinet6, saddr);
	ip->first = bpf_htonl(6 << 28);
	ip->hop_limit = 64;
	ip->nexthdr = IPPROTO_TCP;
	ip->payload_len = bpf_htons(packet->wire_len < 0xffff ? packet->wire_len : 0xffff);
	__builtin_memcpy(ip->saddr, direction == FROM_SOCKET ? &local : &remote, 16);
	__builtin_memcpy(ip->daddr, direction == FROM_SOCKET ? &remote : &local, 16);
	packet->wire_len += sizeof(*ip);
	packet->header_len += sizeof(*ip);
}

/*
 * An IP header from the socket, in front of the TCP header that header_len and wire_len count
 * already.
 */
static __always_inline void make_ip(struct packet *packet, const struct sock *sk, __u8 family,
				     enum direction direction)
{
	packet->netns = sk->__sk_common.skc_net.net->ns.inum;
	packet->ifindex = socket_ifindex(sk);
	packet->family = family;
	packet->flags |= TSCOPE_F_SYNTH_IP;
	if (family == AF_INET)
		make_ipv4(packet, sk, direction);
	else
		make_ipv6(packet, sk, direction);
}

/* TCP header only, in front of the IP layer of `family`. */
static __always_inline bool before_ip(struct packet *packet, const struct sk_buff *skb,
				      const struct sock *sk, __u8 family)
{
	__u32 linear = skb->len - skb->data_len, length;
	const void *data = skb->data;
	struct tcphdr tcp;

	if (sk->sk_protocol != IPPROTO_TCP || linear < sizeof(tcp) ||
	    bpf_probe_read_kernel(&tcp, sizeof(tcp), data))
		return false;
	length = tcp.doff * 4;
	if (length < sizeof(tcp) || linear < length)
		return false;
	packet->wire_len = skb->len;
	packet->header_len = length;
	make_ip(packet, sk, family, FROM_SOCKET);
	barrier_var(length);
	if (length > TCP_HEADER_MAX)
		return false;
	if (family == AF_INET)
		bpf_probe_read_kernel(packet->header + sizeof(struct iphdr), length, data);
	else
		bpf_probe_read_kernel(packet->header + sizeof(struct ipv6hdr), length, data);
	packet->sport = bpf_ntohs(tcp.source);
	packet->dport = bpf_ntohs(tcp.dest);
	packet->seq = bpf_ntohl(tcp.seq);
	packet->seq_end = packet->seq + skb->len - length + tcp.syn + tcp.fin;
	packet->segs = segments(skb, skb->len - length);
	return true;
}

/* A call's bytes [seq, seq + len): both headers are made up. */
static __always_inline bool from_socket(struct packet *packet, const struct sock *sk,
					enum direction direction, __u32 seq, __u32 len)
{
	__u16 family = sk->__sk_common.skc_family;
	const struct tcp_sock *tp = (const void *)sk;
	bool out = direction == FROM_SOCKET;
	__be16 local, remote;
	struct tcphdr tcp = {};

	if (sk->sk_protocol != IPPROTO_TCP || (family != AF_INET && family != AF_INET6))
		return false;
	if (family == AF_INET6) {
		struct in6_addr address = BPF_CORE_READ(sk, __sk_common.skc_v6_daddr);

		if (is_v4_mapped(&address))
			family = AF_INET;
	}
	local = BPF_CORE_READ((const struct inet_sock *)sk, inet_sport);
	remote = sk->__sk_common.skc_dport;
	tcp.source = out ? local : remote;
	tcp.dest = out ? remote : local;
	tcp.seq = bpf_htonl(seq);
	tcp.ack_seq = bpf_htonl(out ? BPF_CORE_READ(tp, rcv_nxt) : BPF_CORE_READ(tp, snd_una));
	tcp.doff = sizeof(tcp) / 4;
	tcp.ack = 1;
	packet->flags |= TSCOPE_F_SYNTH_TCP;
	packet->header_len = sizeof(tcp);
	packet->wire_len = sizeof(tcp) + len;
	make_ip(packet, sk, family, direction);
	if (family == AF_INET)
		__builtin_memcpy(packet->header + sizeof(struct iphdr), &tcp, sizeof(tcp));
	else
		__builtin_memcpy(packet->header + sizeof(struct ipv6hdr), &tcp, sizeof(tcp));
	packet->sport = bpf_ntohs(tcp.source);
	packet->dport = bpf_ntohs(tcp.dest);
	packet->seq = seq;
	packet->seq_end = seq + len;
	return true;
}

#endif
