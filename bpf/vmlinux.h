/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few kernel types that the programs look into: just the fields used, relocated to where the
 * running kernel has them (CO-RE).
 */
#ifndef TSCOPE_VMLINUX_H
#define TSCOPE_VMLINUX_H

typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;

enum {
	false = 0,
	true = 1,
};

#define NULL ((void *)0)

enum bpf_map_type {
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
};

enum {
	BPF_ANY = 0,
	BPF_F_MMAPABLE = 1 << 10,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct pt_regs {
	unsigned long di, si, dx, cx, r8, r9, sp, ax, ip, bp;
};

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct net_device {
	int ifindex;
	unsigned short type;
	possible_net_t nd_net;
};

struct in6_addr {
	union {
		__u8 u6_addr8[16];
		__be32 u6_addr32[4];
	} in6_u;
};

struct proto {
	void *recvmsg;
};

typedef struct {
	int owned;
} socket_lock_t;

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	int skc_bound_dev_if;
	struct proto *skc_prot;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};

struct dst_entry {
	struct net_device *dev;
};

struct sk_buff_head {
	struct sk_buff *next;
	__u32 qlen;
};

struct sock {
	struct sock_common __sk_common;
	struct sk_buff_head sk_write_queue;
	struct dst_entry *sk_dst_cache;
	int sk_rx_dst_ifindex;
	struct proto *sk_prot_creator;
	socket_lock_t sk_lock;
	int sk_peek_off;
	u16 sk_type;
	u16 sk_protocol;
};

struct ipv6_pinfo {
	struct in6_addr saddr;
};

struct flowi4 {
	__be32 saddr;
	__be32 daddr;
};

struct flowi6 {
	struct in6_addr daddr;
	struct in6_addr saddr;
};

struct flowi {
	union {
		struct flowi6 ip6;
	} u;
};

struct inet_cork {
	int length;
	struct dst_entry *dst;
};

struct inet_cork_full {
	struct inet_cork base;
	struct flowi fl;
};

struct inet_sock {
	struct sock sk;
	struct ipv6_pinfo *pinet6;
	__be32 inet_saddr;
	__be16 inet_sport;
	struct inet_cork_full cork;
};

struct tcp_sock {
	u32 rcv_nxt;
	u32 copied_seq;
	u32 snd_una;
	u32 snd_nxt;
	u32 write_seq;
	bool is_mptcp;
};

struct request_sock;

struct tcp_request_sock {
	u32 snt_isn;
};

struct sk_buff {
	struct net_device *dev;
	struct sock *sk;
	char cb[48];
	unsigned long _skb_refdst;
	unsigned int len;
	unsigned int data_len;
	__u8 pkt_type : 3;
	__be16 protocol;
	int skb_iif;
	__u32 vlan_all;
	__be16 vlan_proto;
	__u16 vlan_tci;
	__u16 transport_header;
	__u16 network_header;
	__u16 mac_header;
	unsigned int tail;
	unsigned int end;
	unsigned char *head;
	unsigned char *data;
};

struct sk_buff___before_6_2 {
	__u8 vlan_present : 1;
};

struct skb_shared_hwtstamps {
	s64 hwtstamp;
};

struct skb_shared_info {
	__u8 tx_flags;
	unsigned short gso_size;
	unsigned short gso_segs;
	struct skb_shared_hwtstamps hwtstamps;
};

struct tcp_skb_cb {
	__u32 seq;
	__u32 end_seq;
	__u32 ack_seq;
};

struct msghdr {
	void *msg_name;
	int msg_namelen;
};

struct napi_struct;

struct task_struct {
	unsigned int flags;
	char comm[16];
};

#pragma clang attribute pop

struct bpf_dynptr {
	__u64 opaque[2];
} __attribute__((aligned(8)));

#endif
