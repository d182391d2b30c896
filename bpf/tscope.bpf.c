// SPDX-License-Identifier: GPL-2.0-only
/* The hooks: each vantage point's, as kmod/hooks_*.c have them. Those of the driver and of datagrams are in headers. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

#include "deliver.bpf.h"
#include "hooks_datagram.bpf.h"
#include "hooks_driver.bpf.h"
#include "packet_made.bpf.h"
#include "packet.bpf.h"

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
