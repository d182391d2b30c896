// SPDX-License-Identifier: GPL-2.0-only
/* The hooks: each vantage point's, as kmod/hooks_*.c have them. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

#include "deliver.bpf.h"
#include "made.bpf.h"
#include "packet.bpf.h"

#define VLAN_TAGS_MAX 2
#define MSG_PEEK 2
#define MSG_ERRQUEUE 0x2000

enum {
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT = 2,
	TCP_SYN_RECV = 3,
	TCP_CLOSE = 7,
	TCP_LISTEN = 10,
};

char LICENSE[] SEC("license") = "GPL";

static __always_inline int set_softirq(bool in)
{
	struct cpu_state *state = cpu_state();

	if (state)
		state->in_softirq = in;
	return 0;
}

SEC("tp_btf/softirq_entry")
int BPF_PROG(softirq_entry, unsigned int vector)
{
	return set_softirq(true);
}

SEC("tp_btf/softirq_exit")
int BPF_PROG(softirq_exit, unsigned int vector)
{
	return set_softirq(false);
}

/* --- driver --- */

static __always_inline int ip_offset(const struct sk_buff *skb)
{
	__u16 protocol = bpf_ntohs(skb->protocol);
	int i, offset = 0;

	for (i = 0; i < VLAN_TAGS_MAX; i++) {
		__be16 next;

		if (protocol != ETH_P_8021Q && protocol != ETH_P_8021AD)
			break;
		if (bpf_probe_read_kernel(&next, sizeof(next), skb->data + offset + 2))
			return -1;
		protocol = bpf_ntohs(next);
		offset += VLAN_HLEN;
	}
	return protocol == ETH_P_IP || protocol == ETH_P_IPV6 ? offset : -1;
}

static __always_inline int driver_rx(const struct sk_buff *skb)
{
	__u64 stamp = now();
	struct packet packet;
	int offset;

	if (!device_wanted(skb->dev))
		return 0;
	begin_at(&packet, TSCOPE_DRIVER_RX, stamp);
	offset = ip_offset(skb);
	if (offset >= 0 && at_device(&packet, skb, skb->dev, offset))
		deliver(&packet);
	return 0;
}

SEC("tp_btf/napi_gro_receive_entry")
int BPF_PROG(napi_gro_receive_entry, struct sk_buff *skb)
{
	return driver_rx(skb);
}

SEC("tp_btf/napi_gro_frags_entry")
int BPF_PROG(napi_gro_frags_entry, struct sk_buff *skb)
{
	return driver_rx(skb);
}

SEC("tp_btf/netif_receive_skb_entry")
int BPF_PROG(netif_receive_skb_entry, struct sk_buff *skb)
{
	return driver_rx(skb);
}

SEC("tp_btf/netif_receive_skb_list_entry")
int BPF_PROG(netif_receive_skb_list_entry, struct sk_buff *skb)
{
	return driver_rx(skb);
}

SEC("tp_btf/netif_rx_entry")
int BPF_PROG(netif_rx_entry, struct sk_buff *skb)
{
	return driver_rx(skb);
}

SEC("tp_btf/napi_poll")
int BPF_PROG(napi_poll, struct napi_struct *napi, int work, int budget)
{
	struct cpu_state *state = cpu_state();

	if (state)
		state->napi_polls++;
	return 0;
}

SEC("tp_btf/net_dev_start_xmit")
int BPF_PROG(net_dev_start_xmit, struct sk_buff *skb, struct net_device *dev)
{
	__u64 stamp = now();
	struct packet packet;

	if (!device_wanted(dev))
		return 0;
	begin_at(&packet, TSCOPE_DRIVER_TX, stamp);
	if (at_device(&packet, skb, dev, skb->network_header - (skb->data - skb->head)))
		deliver(&packet);
	return 0;
}

/* --- the NIC's own clock --- */

/* The driver's private data instead of a time, which only the driver can make one of. */
#define SKBTX_HW_TSTAMP_NETDEV (1 << 5)

static __always_inline int deliver_nic(struct packet *packet, s64 nic_ns)
{
	if (packet->header_len > TSCOPE_NIC_TIME_AT) {
		packet->header_len = TSCOPE_NIC_TIME_AT;
		packet->flags |= TSCOPE_F_CUT;
	}
	__builtin_memcpy(packet->header + TSCOPE_NIC_TIME_AT, &nic_ns, sizeof(nic_ns));
	deliver(packet);
	return 0;
}

static __always_inline int hw_rx(const struct sk_buff *skb)
{
	const struct skb_shared_info *info = (const void *)(skb->head + skb->end);
	__u64 stamp = now();
	struct packet packet;
	int offset;

	if (!device_wanted(skb->dev))
		return 0;
	begin_at(&packet, TSCOPE_HW_RX, stamp);
	offset = ip_offset(skb);
	if (offset < 0 || !at_device(&packet, skb, skb->dev, offset))
		return 0;
	if (BPF_CORE_READ(info, tx_flags) & SKBTX_HW_TSTAMP_NETDEV) {
		unreadable_here(&packet);
		return 0;
	}
	return deliver_nic(&packet, BPF_CORE_READ(info, hwtstamps.hwtstamp));
}

SEC("tp_btf/napi_gro_receive_entry")
int BPF_PROG(hw_napi_gro_receive, struct sk_buff *skb)
{
	return hw_rx(skb);
}

SEC("tp_btf/napi_gro_frags_entry")
int BPF_PROG(hw_napi_gro_frags, struct sk_buff *skb)
{
	return hw_rx(skb);
}

SEC("tp_btf/netif_receive_skb_entry")
int BPF_PROG(hw_netif_receive_skb, struct sk_buff *skb)
{
	return hw_rx(skb);
}

SEC("tp_btf/netif_receive_skb_list_entry")
int BPF_PROG(hw_netif_receive_list, struct sk_buff *skb)
{
	return hw_rx(skb);
}

SEC("tp_btf/netif_rx_entry")
int BPF_PROG(hw_netif_rx, struct sk_buff *skb)
{
	return hw_rx(skb);
}

/* A driver reports what its NIC stamped, if the sending socket asked for it. */
SEC("fentry/skb_tstamp_tx")
int BPF_PROG(skb_tstamp_tx, struct sk_buff *skb, struct skb_shared_hwtstamps *stamps)
{
	__u64 stamp = now();
	struct packet packet;

	if (!stamps || !skb->dev || !device_wanted(skb->dev))
		return 0;
	begin_at(&packet, TSCOPE_HW_TX, stamp);
	if (!at_device(&packet, skb, skb->dev, skb->network_header - (skb->data - skb->head)))
		return 0;
	return deliver_nic(&packet, stamps->hwtstamp);
}

/* --- qdisc --- */

SEC("tp_btf/net_dev_queue")
int BPF_PROG(net_dev_queue, struct sk_buff *skb)
{
	__u64 stamp = now();
	struct packet packet;

	if (!device_wanted(skb->dev))
		return 0;
	begin_at(&packet, TSCOPE_QDISC_TX, stamp);
	if (at_device(&packet, skb, skb->dev, skb->network_header - (skb->data - skb->head)))
		deliver(&packet);
	return 0;
}

/* --- socket --- */

static __always_inline int socket_rx(const struct sock *sk, const struct sk_buff *skb, __u16 flags)
{
	struct packet packet;

	begin(&packet, TSCOPE_SOCKET_RX);
	packet.flags = flags;
	if (at_socket(&packet, skb, sk))
		deliver(&packet);
	return 0;
}

SEC("fentry/tcp_v4_do_rcv")
int BPF_PROG(tcp_v4_do_rcv, struct sock *sk, struct sk_buff *skb)
{
	return socket_rx(sk, skb, 0);
}

/* Hands IPv4 packets on to tcp_v4_do_rcv(), which stamps them. */
SEC("fentry/tcp_v6_do_rcv")
int BPF_PROG(tcp_v6_do_rcv, struct sock *sk, struct sk_buff *skb)
{
	return skb->protocol == bpf_htons(ETH_P_IP) ? 0 : socket_rx(sk, skb, 0);
}

/* With fastopen the segment came by way of tcp_v4_do_rcv(). */
SEC("fentry/tcp_check_req")
int BPF_PROG(tcp_check_req, struct sock *sk, struct sk_buff *skb, struct request_sock *req,
	     bool fastopen)
{
	return fastopen ? 0 : socket_rx(sk, skb, TSCOPE_F_REQUEST);
}

/* A SYN goes on to a listener, where tcp_v4_do_rcv() stamps it. */
SEC("fentry/tcp_timewait_state_process")
int BPF_PROG(tcp_timewait_state_process, struct sock *tw, struct sk_buff *skb)
{
	struct tcphdr tcp;

	if (bpf_probe_read_kernel(&tcp, sizeof(tcp), skb->head + skb->transport_header) || tcp.syn)
		return 0;
	return socket_rx(tw, skb, TSCOPE_F_TIMEWAIT);
}

static __always_inline int socket_tx(const struct sock *sk, const struct sk_buff *skb, __u8 family)
{
	struct packet packet;

	begin(&packet, TSCOPE_SOCKET_TX);
	if (before_ip(&packet, skb, sk, family))
		deliver(&packet);
	return 0;
}

SEC("fentry/__ip_queue_xmit")
int BPF_PROG(ip_queue_xmit, struct sock *sk, struct sk_buff *skb)
{
	return socket_tx(sk, skb, AF_INET);
}

SEC("fentry/inet6_csk_xmit")
int BPF_PROG(inet6_csk_xmit, struct sock *sk, struct sk_buff *skb)
{
	return socket_tx(sk, skb, AF_INET6);
}

/* --- app --- */

SEC("fentry/tcp_sendmsg")
int BPF_PROG(tcp_sendmsg, struct sock *sk, struct msghdr *msg, unsigned long size)
{
	const struct tcp_sock *tp = (const void *)sk;
	struct packet packet;

	begin(&packet, TSCOPE_APP_TX);
	packet.flags = TSCOPE_F_ASKED;
	if (from_socket(&packet, sk, FROM_SOCKET, BPF_CORE_READ(tp, write_seq), size))
		deliver(&packet);
	return 0;
}

static __always_inline int app_rx(const struct sock *sk, int bytes, int flags)
{
	const struct tcp_sock *tp = (const void *)sk;
	struct packet packet;
	__u32 seq;

	begin(&packet, TSCOPE_APP_RX);
	if (bytes <= 0 || flags & MSG_ERRQUEUE || sk->sk_protocol != IPPROTO_TCP)
		return 0;
	seq = BPF_CORE_READ(tp, copied_seq);
	if (flags & MSG_PEEK)
		packet.flags = TSCOPE_F_PEEK;
	else
		seq -= bytes;
	if (from_socket(&packet, sk, TO_SOCKET, seq, bytes))
		deliver(&packet);
	return 0;
}

/* Linux 6.3 and later; every protocol's receive calls pass here. */
SEC("tp_btf/sock_recv_length")
int BPF_PROG(sock_recv_length, struct sock *sk, int ret, int flags)
{
	return app_rx(sk, ret, flags);
}

SEC("fexit/tcp_recvmsg")
int BPF_PROG(tcp_recvmsg, struct sock *sk, struct msghdr *msg, unsigned long len, int flags,
	     int *addr_len, int ret)
{
	return app_rx(sk, ret, flags);
}

/* --- UDP and ICMP, at sockets and calls --- */

static __always_inline int datagram_call(const struct sock *sk, const struct msghdr *msg, __u64 len)
{
	struct packet packet;

	begin(&packet, TSCOPE_APP_TX);
	if (from_call(&packet, sk, msg, len))
		deliver(&packet);
	return 0;
}

/* An IPv6 socket's IPv4 datagrams were stamped in udpv6_sendmsg(). */
SEC("fentry/udp_sendmsg")
int BPF_PROG(udp_sendmsg, struct sock *sk, struct msghdr *msg, unsigned long len)
{
	return sk->__sk_common.skc_family == AF_INET ? datagram_call(sk, msg, len) : 0;
}

SEC("fentry/udpv6_sendmsg")
int BPF_PROG(udpv6_sendmsg, struct sock *sk, struct msghdr *msg, unsigned long len)
{
	return datagram_call(sk, msg, len);
}

SEC("fentry/ping_v4_sendmsg")
int BPF_PROG(ping_v4_sendmsg, struct sock *sk, struct msghdr *msg, unsigned long len)
{
	return datagram_call(sk, msg, len);
}

SEC("fentry/ping_v6_sendmsg")
int BPF_PROG(ping_v6_sendmsg, struct sock *sk, struct msghdr *msg, unsigned long len)
{
	return datagram_call(sk, msg, len);
}

SEC("fentry/raw_sendmsg")
int BPF_PROG(raw_sendmsg, struct sock *sk, struct msghdr *msg, unsigned long len)
{
	return datagram_call(sk, msg, len);
}

SEC("fentry/rawv6_sendmsg")
int BPF_PROG(rawv6_sendmsg, struct sock *sk, struct msghdr *msg, unsigned long len)
{
	return datagram_call(sk, msg, len);
}

/* What is not a UDP socket's comes here or not, as the compiler chose: that is stamped before. */
static __always_inline int into_ip(const struct sk_buff *skb)
{
	const struct sock *sk = skb->sk;
	const struct dst_entry *dst;
	struct packet packet;

	begin(&packet, TSCOPE_SOCKET_TX);
	if (!sk || sk->sk_protocol != IPPROTO_UDP || sk->sk_type != SOCK_DGRAM)
		return 0;
	dst = (const void *)(skb->_skb_refdst & ~1UL);
	if (datagram(&packet, skb, sk->__sk_common.skc_net.net,
		     dst ? BPF_CORE_READ(dst, dev, ifindex) : 0, false))
		deliver(&packet);
	return 0;
}

SEC("fentry/ip_send_skb")
int BPF_PROG(ip_send_skb, struct net *net, struct sk_buff *skb)
{
	return into_ip(skb);
}

SEC("fentry/ip6_send_skb")
int BPF_PROG(ip6_send_skb, struct sk_buff *skb)
{
	return into_ip(skb);
}

SEC("fentry/ip_push_pending_frames")
int BPF_PROG(ip_push_pending_frames, struct sock *sk, struct flowi4 *flow)
{
	struct packet packet;

	begin(&packet, TSCOPE_SOCKET_TX);
	if (!from_queue(&packet, sk, AF_INET))
		return 0;
	make_ipv4(&packet, IPPROTO_ICMP, flow->saddr, flow->daddr);
	deliver(&packet);
	return 0;
}

SEC("fentry/ip6_push_pending_frames")
int BPF_PROG(ip6_push_pending_frames, struct sock *sk)
{
	const struct inet_sock *inet = (const void *)sk;
	struct in6_addr saddr, daddr;
	struct packet packet;

	begin(&packet, TSCOPE_SOCKET_TX);
	if (!from_queue(&packet, sk, AF_INET6))
		return 0;
	saddr = BPF_CORE_READ(inet, cork.fl.u.ip6.saddr);
	daddr = BPF_CORE_READ(inet, cork.fl.u.ip6.daddr);
	make_ipv6(&packet, IPPROTO_ICMPV6, &saddr, &daddr);
	deliver(&packet);
	return 0;
}

static __always_inline int received(__u8 vantage, const struct sk_buff *skb, const struct net *net,
				    __u16 flags)
{
	struct packet packet;

	begin(&packet, vantage);
	packet.flags = flags;
	if (datagram(&packet, skb, net, skb->skb_iif, true))
		deliver(&packet);
	return 0;
}

SEC("fentry/__udp_enqueue_schedule_skb")
int BPF_PROG(udp_enqueue_schedule_skb, struct sock *sk, struct sk_buff *skb)
{
	return received(TSCOPE_SOCKET_RX, skb, sk->__sk_common.skc_net.net, 0);
}

SEC("fentry/icmp_rcv")
int BPF_PROG(icmp_rcv, struct sk_buff *skb)
{
	return received(TSCOPE_SOCKET_RX, skb, skb->dev->nd_net.net, 0);
}

SEC("fentry/icmpv6_rcv")
int BPF_PROG(icmpv6_rcv, struct sk_buff *skb)
{
	return received(TSCOPE_SOCKET_RX, skb, skb->dev->nd_net.net, 0);
}

/* A negative length means MSG_PEEK. */
SEC("fentry/skb_consume_udp")
int BPF_PROG(skb_consume_udp, struct sock *sk, struct sk_buff *skb, int len)
{
	return received(TSCOPE_APP_RX, skb, sk->__sk_common.skc_net.net,
			len < 0 ? TSCOPE_F_PEEK : 0);
}

/* Of every family. */
SEC("fentry/skb_free_datagram")
int BPF_PROG(skb_free_datagram, struct sock *sk, struct sk_buff *skb)
{
	__u16 family = sk->__sk_common.skc_family;

	if ((family == AF_INET && sk->sk_protocol == IPPROTO_ICMP) ||
	    (family == AF_INET6 && sk->sk_protocol == IPPROTO_ICMPV6))
		return received(TSCOPE_APP_RX, skb, sk->__sk_common.skc_net.net, 0);
	return 0;
}

/* --- connection events --- */

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(inet_sock_set_state, struct sock *sk, int from, int to)
{
	const struct tcp_sock *tp = (const void *)sk;
	bool opened = to == TCP_ESTABLISHED;
	/* A connection that never was established has nothing to close. */
	bool closed = to == TCP_CLOSE && from != TCP_SYN_SENT && from != TCP_SYN_RECV &&
		      from != TCP_LISTEN && from != TCP_CLOSE;
	struct packet packet;

	begin(&packet, TSCOPE_SESSION);
	packet.kind = opened ? TSCOPE_OPEN : TSCOPE_CLOSE;
	if ((opened || closed) &&
	    from_socket(&packet, sk, FROM_SOCKET, BPF_CORE_READ(tp, snd_nxt), 0))
		deliver(&packet);
	return 0;
}
