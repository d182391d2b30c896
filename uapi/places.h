/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The places in the kernel where records come from: the only list of them. The module, the loader
 * of the BPF programs and the tests have theirs from here.
 *
 * TSCOPE_PLACES(PLACE) calls PLACE(id, kind, vantage, protocols, need, name) for each, in the order
 * of TSCOPE_IOC_HOOK's index:
 *
 *	id		names what stamps there: the module's at_<id>(), the BPF program <id>
 *	kind		TSCOPE_HOOK_<kind>; the BPF programs' tp_btf, fentry and fexit
 *	vantage		TSCOPE_<vantage>
 *	protocols	TSCOPE_PROTO_<protocols>: those whose packets pass there
 *	need		TSCOPE_<need>, of enum tscope_need
 *	name		of the tracepoint or function
 *
 * A new place is a row here, its handler in kmod/hooks_<layer>.c, its program in
 * bpf/hooks_<layer>.bpf.h, and a word in the tables of docs/design.md.
 */
#ifndef _UAPI_TSCOPE_PLACES_H
#define _UAPI_TSCOPE_PLACES_H

#include "tscope.h"

enum tscope_need {
	TSCOPE_REQUIRED,	/* without it the vantage point can't be had */
	TSCOPE_OPTIONAL,	/* serves packets that may never come here */
	TSCOPE_FIRST_CHOICE,	/* any one of the choices is enough */
	TSCOPE_SECOND_CHOICE,	/* only where the first is absent */
	TSCOPE_COUNTER,		/* stamps nothing: counts the NAPI polls whose number records have */
};

#define TSCOPE_DRIVER_PLACES(PLACE)									\
	PLACE(driver_gro_receive, TRACEPOINT, DRIVER_RX, ALL, REQUIRED, "napi_gro_receive_entry")	\
	PLACE(driver_gro_frags, TRACEPOINT, DRIVER_RX, ALL, OPTIONAL, "napi_gro_frags_entry")		\
	PLACE(driver_receive_skb, TRACEPOINT, DRIVER_RX, ALL, REQUIRED, "netif_receive_skb_entry")	\
	PLACE(driver_receive_list, TRACEPOINT, DRIVER_RX, ALL, OPTIONAL, "netif_receive_skb_list_entry") \
	PLACE(driver_netif_rx, TRACEPOINT, DRIVER_RX, ALL, REQUIRED, "netif_rx_entry")			\
	PLACE(napi_poll, TRACEPOINT, DRIVER_RX, ALL, COUNTER, "napi_poll")				\
	PLACE(net_dev_start_xmit, TRACEPOINT, DRIVER_TX, ALL, REQUIRED, "net_dev_start_xmit")		\
	PLACE(nic_gro_receive, TRACEPOINT, HW_RX, ALL, REQUIRED, "napi_gro_receive_entry")		\
	PLACE(nic_gro_frags, TRACEPOINT, HW_RX, ALL, OPTIONAL, "napi_gro_frags_entry")			\
	PLACE(nic_receive_skb, TRACEPOINT, HW_RX, ALL, REQUIRED, "netif_receive_skb_entry")		\
	PLACE(nic_receive_list, TRACEPOINT, HW_RX, ALL, OPTIONAL, "netif_receive_skb_list_entry")	\
	PLACE(nic_netif_rx, TRACEPOINT, HW_RX, ALL, REQUIRED, "netif_rx_entry")				\
	PLACE(skb_tstamp_tx, FUNCTION, HW_TX, ALL, REQUIRED, "skb_tstamp_tx")

#define TSCOPE_QDISC_PLACES(PLACE)									\
	PLACE(net_dev_queue, TRACEPOINT, QDISC_TX, ALL, REQUIRED, "net_dev_queue")

#define TSCOPE_SOCKET_PLACES(PLACE)									\
	PLACE(tcp_v4_do_rcv, FUNCTION, SOCKET_RX, TCP, REQUIRED, "tcp_v4_do_rcv")			\
	PLACE(tcp_v6_do_rcv, FUNCTION, SOCKET_RX, TCP, OPTIONAL, "tcp_v6_do_rcv")			\
	PLACE(tcp_check_req, FUNCTION, SOCKET_RX, TCP, OPTIONAL, "tcp_check_req")			\
	PLACE(tcp_timewait_state_process, FUNCTION, SOCKET_RX, TCP, OPTIONAL,				\
	      "tcp_timewait_state_process")								\
	PLACE(ip_queue_xmit, FUNCTION, SOCKET_TX, TCP, REQUIRED, "__ip_queue_xmit")			\
	PLACE(inet6_csk_xmit, FUNCTION, SOCKET_TX, TCP, OPTIONAL, "inet6_csk_xmit")

#define TSCOPE_APP_PLACES(PLACE)									\
	PLACE(tcp_sendmsg, FUNCTION, APP_TX, TCP, REQUIRED, "tcp_sendmsg")				\
	PLACE(sock_recv_length, TRACEPOINT, APP_RX, TCP, FIRST_CHOICE, "sock_recv_length")		\
	PLACE(tcp_recvmsg, RETURN, APP_RX, TCP, SECOND_CHOICE, "tcp_recvmsg")

#define TSCOPE_SESSION_PLACES(PLACE)									\
	PLACE(inet_sock_set_state, TRACEPOINT, SESSION, TCP, REQUIRED, "inet_sock_set_state")

#define TSCOPE_DATAGRAM_PLACES(PLACE)									\
	PLACE(udp_sendmsg, FUNCTION, APP_TX, UDP, REQUIRED, "udp_sendmsg")				\
	PLACE(udpv6_sendmsg, FUNCTION, APP_TX, UDP, OPTIONAL, "udpv6_sendmsg")				\
	PLACE(ping_v4_sendmsg, FUNCTION, APP_TX, ICMP, OPTIONAL, "ping_v4_sendmsg")			\
	PLACE(ping_v6_sendmsg, FUNCTION, APP_TX, ICMP, OPTIONAL, "ping_v6_sendmsg")			\
	PLACE(raw_sendmsg, FUNCTION, APP_TX, ICMP, REQUIRED, "raw_sendmsg")				\
	PLACE(rawv6_sendmsg, FUNCTION, APP_TX, ICMP, OPTIONAL, "rawv6_sendmsg")				\
	PLACE(ip_send_skb, FUNCTION, SOCKET_TX, UDP, REQUIRED, "ip_send_skb")				\
	PLACE(ip6_send_skb, FUNCTION, SOCKET_TX, UDP, OPTIONAL, "ip6_send_skb")				\
	PLACE(ip_push_pending_frames, FUNCTION, SOCKET_TX, ICMP, REQUIRED, "ip_push_pending_frames")	\
	PLACE(ip6_push_pending_frames, FUNCTION, SOCKET_TX, ICMP, OPTIONAL, "ip6_push_pending_frames")	\
	PLACE(udp_enqueue_schedule_skb, FUNCTION, SOCKET_RX, UDP, REQUIRED, "__udp_enqueue_schedule_skb") \
	PLACE(icmp_rcv, FUNCTION, SOCKET_RX, ICMP, REQUIRED, "icmp_rcv")				\
	PLACE(icmpv6_rcv, FUNCTION, SOCKET_RX, ICMP, OPTIONAL, "icmpv6_rcv")				\
	PLACE(skb_consume_udp, FUNCTION, APP_RX, UDP, REQUIRED, "skb_consume_udp")			\
	PLACE(skb_free_datagram, FUNCTION, APP_RX, ICMP, REQUIRED, "skb_free_datagram")

#define TSCOPE_PLACES(PLACE)		\
	TSCOPE_DRIVER_PLACES(PLACE)	\
	TSCOPE_QDISC_PLACES(PLACE)	\
	TSCOPE_SOCKET_PLACES(PLACE)	\
	TSCOPE_APP_PLACES(PLACE)	\
	TSCOPE_SESSION_PLACES(PLACE)	\
	TSCOPE_DATAGRAM_PLACES(PLACE)

/* Bits of the vantage points whose records may come from within a NAPI poll, of which they have the number. */
#define TSCOPE_STAMPED_IN_POLLS							\
	(TSCOPE_VANTAGE_BIT(TSCOPE_DRIVER_RX) | TSCOPE_VANTAGE_BIT(TSCOPE_DRIVER_TX) |	\
	 TSCOPE_VANTAGE_BIT(TSCOPE_HW_RX) | TSCOPE_VANTAGE_BIT(TSCOPE_HW_TX) |		\
	 TSCOPE_VANTAGE_BIT(TSCOPE_SOCKET_RX) | TSCOPE_VANTAGE_BIT(TSCOPE_SOCKET_TX) |	\
	 TSCOPE_VANTAGE_BIT(TSCOPE_QDISC_TX))

/* Bits of the vantage points whose records need a place. */
#define TSCOPE_PLACE_SERVES(vantage, need)	\
	((need) == TSCOPE_COUNTER ? TSCOPE_STAMPED_IN_POLLS : TSCOPE_VANTAGE_BIT(vantage))

#endif
