/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * tscope: what /dev/tscope and its reader agree on.
 *
 * This header is the only definition of the record, the ring and the ioctls;
 * the module, the BPF programs and libtscope include this very file.
 *
 * One open file is one session:
 *
 *	fd = open("/dev/tscope", O_RDWR)
 *	ioctl(fd, TSCOPE_IOC_INFO, &info)	compare the versions, learn the geometry
 *	ioctl(fd, TSCOPE_IOC_CONFIGURE, &config)	filter, vantage points, rings
 *	mmap(..., PROT_READ, ..., TSCOPE_MMAP_INFO)	describing page(s)
 *	mmap(..., PROT_READ | PROT_WRITE, ..., TSCOPE_MMAP_TAIL)	reader's tails
 *	mmap(..., PROT_READ, ..., TSCOPE_MMAP_DATA + cpu * ring_bytes)	one ring a CPU
 *	ioctl(fd, TSCOPE_IOC_START)
 *	poll(), read the rings, advance the tails
 *	ioctl(fd, TSCOPE_IOC_STOP), drain, close(fd)
 *
 * A session configured with TSCOPE_CONFIG_TRAIN sends instead: TSCOPE_IOC_TRAIN
 * after the start, as often as wanted; a record for each probe comes out of the
 * same rings. Closing the file ends its trains.
 *
 * Every integer is in the machine's byte order unless its comment says otherwise.
 */
#ifndef _UAPI_TSCOPE_H
#define _UAPI_TSCOPE_H

#ifdef __bpf__
#include "vmlinux.h"
#else
#include <linux/ioctl.h>
#include <linux/types.h>
#endif

#define TSCOPE_INTERFACE_VERSION	4	/* the ioctls and the mapped pages */
#define TSCOPE_RECORD_VERSION		4	/* struct tscope_record */
#define TSCOPE_DEVICE			"/dev/tscope"

/* A vantage point is a layer and a direction; numbers are never reused. */
enum tscope_vantage {
	TSCOPE_DRIVER_RX	= 0,
	TSCOPE_SOCKET_RX	= 1,
	TSCOPE_APP_RX		= 2,
	TSCOPE_APP_TX		= 3,
	TSCOPE_SOCKET_TX	= 4,
	TSCOPE_QDISC_TX		= 5,
	TSCOPE_DRIVER_TX	= 6,
	TSCOPE_SESSION		= 7,	/* connection opened or closed: no packet */
	TSCOPE_HW_RX		= 8,	/* the NIC's own stamp of a frame that came in: see below */
	TSCOPE_HW_TX		= 9,	/* of one that left, if its sender asked the NIC for a stamp */
	TSCOPE_VANTAGES		= 10,
};

#define TSCOPE_VANTAGE_BIT(vantage)	(1U << (vantage))

enum tscope_kind {
	TSCOPE_PACKET	= 1,
	TSCOPE_OPEN	= 2,	/* connection established; TSCOPE_SESSION only */
	TSCOPE_CLOSE	= 3,	/* connection closed; TSCOPE_SESSION only */
	TSCOPE_PROBE	= 4,	/* of a train, at TSCOPE_DRIVER_TX or TSCOPE_QDISC_TX: see below */
};

/* What read the time in tscope_record.tsc. */
enum tscope_clock {
	TSCOPE_CLOCK_TSC	= 1,	/* rdtsc, ordered after earlier loads */
	TSCOPE_CLOCK_MONOTONIC	= 2,	/* CLOCK_MONOTONIC in ns: BPF without the module */
};

/* tscope_record.flags */
#define TSCOPE_F_SYNTH_IP	0x0001	/* IP header made up from the socket: no id, TTL, TOS */
#define TSCOPE_F_SYNTH_TRANSPORT 0x0002	/* TCP, UDP or ICMP header made up from the socket: fields unknown are 0 */
#define TSCOPE_F_SOFTIRQ	0x0004	/* stamped in softirq or by a NAPI thread: napi_poll tells the batch */
#define TSCOPE_F_COALESCED	0x0008	/* the backlog merged ACKs: header holds the last one's ack */
#define TSCOPE_F_PEEK		0x0010	/* receive call left the bytes queued (MSG_PEEK); not told of ICMP */
#define TSCOPE_F_ASKED		0x0020	/* send call: the bytes asked for, not those taken */
#define TSCOPE_F_CUT		0x0040	/* headers did not fit in header[] */
#define TSCOPE_F_TIMEWAIT	0x0080	/* reached a TIME_WAIT socket */
#define TSCOPE_F_REQUEST	0x0100	/* reached a request socket (handshake not finished) */

#define TSCOPE_F_LATE		0x0200	/* probe: handed over later than the train allows */
#define TSCOPE_F_CONTENDED	0x0400	/* probe: another train's was due at the same time */
#define TSCOPE_F_TIMER		0x0800	/* probe: no spin, it left when a timer fired */

#define TSCOPE_F_LINK		0x1000	/* link[] holds the Ethernet header, without VLAN tags */
#define TSCOPE_F_VLAN		0x2000	/* vlan_tci is the outermost VLAN tag, in the frame or taken out of it */
#define TSCOPE_F_VLAN_AD	0x4000	/* that tag is a service tag (802.1ad) */
#define TSCOPE_F_POLL_UNKNOWN	0x8000	/* received in a process: busy polling or none, napi_poll can't tell */
#define TSCOPE_F_ULP		0x10000	/* the socket's calls are not TCP's own (kTLS, sockmap): no sequence numbers */
#define TSCOPE_F_MPTCP		0x20000	/* a subflow of MPTCP: calls are made on another socket */

#define TSCOPE_HEADER_MAX	128
#define TSCOPE_PAYLOAD_MAX	16	/* bytes behind a UDP or ICMP header that header[] also has */
#define TSCOPE_LINK_MAX		14

/*
 * A record at TSCOPE_HW_RX or TSCOPE_HW_TX: tsc is when the stack got to see the stamp; the stamp
 * itself, nanoseconds of the NIC's clock, is a __u64 at header[TSCOPE_NIC_TIME_AT], and 0 where the
 * NIC gave none. header_len is no more than that.
 */
#define TSCOPE_NIC_TIME_AT	120

/*
 * One stamped packet, call or connection event. 192 bytes, three cache lines.
 * Of UDP and ICMP, seq and seq_end are 0, and header[] goes on behind the 8
 * bytes of the transport header with up to TSCOPE_PAYLOAD_MAX bytes of payload,
 * by which one datagram can be known again; header_len counts them.
 */
struct tscope_record {
	__u64 tsc;		/* ticks, read once the hook knows that a capture may want the packet */
	__u32 commit;		/* ring protocol: lap number, written last; see below */
	__u32 netns;		/* inode number of the network namespace */
	__u32 ifindex;		/* device; 0 where the layer knows none */
	__u32 seq;		/* first byte's sequence number */
	union {
		__u32 seq_end;	/* one past the last: payload, SYN and FIN counted */
		__u32 train;	/* TSCOPE_PROBE: the train's number */
	};
	__u32 wire_len;		/* bytes from the IP header on, padding included */
	union {
		__u32 napi_poll; /* number of NAPI polls finished on this CPU: equal in softirq = same batch */
		__u32 error;	/* TSCOPE_PROBE: 0 or the errno that kept it from being handed over */
	};
	__u16 cpu;
	__u16 segs;		/* wire segments in this record, at least 1 */
	__u32 flags;		/* TSCOPE_F_* */
	__u8 vantage;		/* enum tscope_vantage */
	__u8 kind;		/* enum tscope_kind */
	__u8 clock;		/* enum tscope_clock */
	__u8 header_len;	/* bytes used in header[]; what is behind them means nothing */
	__u8 link[TSCOPE_LINK_MAX];	/* with TSCOPE_F_LINK */
	__u16 vlan_tci;		/* with TSCOPE_F_VLAN: priority, DEI and VLAN id */
	__u8 header[TSCOPE_HEADER_MAX];	/* from the IP header on, network order */
};

/*
 * A probe's record: tsc is the hand-over, read right before the driver (or the
 * qdisc) is called; `seq` its index in the train. The headers are as sent, up to
 * TSCOPE_PROBE_AT, where these times stand.
 */
#define TSCOPE_PROBE_AT		104

struct tscope_probe {
	__u64 scheduled;	/* ticks */
	__u64 woken;		/* the sending thread turned to it */
	__u64 spun;		/* read when the spin was over, or found needless */
};

/*
 * Rings. One a CPU, `slots` records each. The kernel reserves a slot by moving
 * `head`, writes it, and commits by storing into record.commit the lap number
 * (index / slots) + 1, with release. A reader at `tail` (load commit with
 * acquire) takes the slot if commit equals the lap of tail, then stores the new
 * tail with release. When head - tail == slots the ring is full: the record is
 * dropped and counted. The kernel trusts nothing in the tail: a scribbled one
 * only loses or repeats the scribbler's own records.
 */
enum tscope_loss {
	TSCOPE_LOST_FULL	= 0,	/* the reader was too slow */
	TSCOPE_LOST_CONTENDED	= 1,	/* interrupted at reserving too many times */
	TSCOPE_LOST_CAUSES	= 2,
};

struct tscope_loss_count {
	__u64 records;
	__u64 segments;
};

/*
 * What passed the hooks of TSCOPE_DRIVER_RX and TSCOPE_DRIVER_TX at one device: packets of any
 * protocol, whether or not the filter wants them. A session that has the vantage point counts the
 * devices of its own network namespace, and only the filter's device if it names one. A device's
 * entry is that at its ifindex modulo TSCOPE_PASSED_DEVICES, if no other device had it before on
 * this CPU. Not counted is the copy that the sender of a multicast packet gets itself.
 */
enum tscope_passed_point {
	TSCOPE_PASSED_RX	= 0,
	TSCOPE_PASSED_TX	= 1,
	TSCOPE_PASSED_POINTS	= 2,
};

#define TSCOPE_PASSED_DEVICES	64

struct tscope_passed {
	__u32 ifindex;		/* 0: nobody's yet */
	__u32 shared;		/* not 0: another device found the entry taken and was not counted */
	__u64 frames;
	__u64 more_segments;	/* wire segments, beyond one a frame */
};

struct tscope_ring_info {
	__u64 head;		/* slots reserved since the start */
	__u64 pad;
	struct tscope_loss_count lost[TSCOPE_VANTAGES][TSCOPE_LOST_CAUSES];
	struct tscope_passed passed[TSCOPE_PASSED_POINTS][TSCOPE_PASSED_DEVICES];
};

enum tscope_state {
	TSCOPE_CONFIGURED	= 1,
	TSCOPE_RUNNING		= 2,
	TSCOPE_STOPPED		= 3,
	TSCOPE_NETNS_GONE	= 4,	/* data kept; poll says POLLHUP */
};

/* What TSCOPE_MMAP_INFO shows, read-only. */
struct tscope_map_info {
	__u32 size;		/* of this struct with all its rings[] */
	__u32 record_version;
	__u32 record_size;
	__u32 cpus;		/* rings: one for each possible CPU */
	__u32 slots;		/* records a ring, a power of two */
	__u32 state;		/* enum tscope_state */
	__u64 ring_bytes;	/* distance of one ring's mapping to the next */
	__u64 tail_bytes;	/* what TSCOPE_MMAP_TAIL maps */
	__u32 tail_stride;	/* bytes from one CPU's __u64 tail to the next's */
	__u32 pad;
	struct tscope_ring_info rings[];
};

#define TSCOPE_MMAP_INFO	0x000000000ULL
#define TSCOPE_MMAP_TAIL	0x010000000ULL
#define TSCOPE_MMAP_DATA	0x100000000ULL

/* --- ioctls --- */

struct tscope_info {
	__u32 interface_version;
	__u32 record_version;
	__u32 record_size;
	__u32 cpus;		/* rings a session will have */
	__u32 tsc_khz;		/* the kernel's calibration */
	__u32 hooks;		/* for TSCOPE_IOC_HOOK */
	__u32 vantages;		/* bits: vantage points that this kernel can serve for TCP */
	__u32 max_slots;	/* largest tscope_config.slots */
};

enum tscope_hook_kind {
	TSCOPE_HOOK_TRACEPOINT	= 1,
	TSCOPE_HOOK_FUNCTION	= 2,	/* ftrace, at entry */
	TSCOPE_HOOK_RETURN	= 3,	/* kretprobe */
};

enum tscope_hook_state {
	TSCOPE_HOOK_ABSENT	= 0,	/* this kernel has no such place */
	TSCOPE_HOOK_PRESENT	= 1,	/* found, no session uses it */
	TSCOPE_HOOK_ATTACHED	= 2,
	TSCOPE_HOOK_UNNEEDED	= 3,	/* a better one serves the same vantage point */
	TSCOPE_HOOK_DIFFERS	= 4,	/* there, but not with the arguments known of it: not used */
};

struct tscope_hook {
	__u32 index;		/* in: 0 .. tscope_info.hooks - 1 */
	__u32 vantage;
	__u32 kind;
	__u32 state;
	__u64 missed;		/* hits that never reached the hook, since load */
	__u32 protocols;	/* TSCOPE_PROTO_*: those whose packets pass there */
	__u32 pad;
	char name[48];		/* tracepoint or function, NUL-terminated */
};

#define TSCOPE_PROTO_TCP	0x1
#define TSCOPE_PROTO_UDP	0x2
#define TSCOPE_PROTO_ICMP	0x4	/* echo requests and replies of ICMP and ICMPv6 */
#define TSCOPE_PROTO_ALL	0x7

enum tscope_port_side {
	TSCOPE_PORT_EITHER	= 0,
	TSCOPE_PORT_SOURCE	= 1,
	TSCOPE_PORT_DESTINATION	= 2,
};

/*
 * All given parts must match; a zero part matches everything. What a record does not tell (its ifindex is 0;
 * the source address of a made-up header is not chosen yet) matches: its reader can ask for the route.
 */
struct tscope_filter {
	__u32 ifindex;		/* device, of the session's network namespace whatever the flags say */
	__u16 port;		/* TCP or UDP port, host order; no ICMP packet has one */
	__u8 port_side;		/* enum tscope_port_side */
	__u8 family;		/* 0, AF_INET or AF_INET6 */
	__u8 address[16];	/* on either side; needs family; network order */
	__u8 prefix_len;	/* leading bits of address that count; 0 = no address */
	__u8 protocols;		/* TSCOPE_PROTO_* */
	__u8 pad[6];		/* zero */
};

#define TSCOPE_CONFIG_ALL_NETNS	0x1	/* needs CAP_NET_ADMIN in the initial user namespace */
#define TSCOPE_CONFIG_TRAIN	0x2	/* no hooks: records of the session's own trains */

struct tscope_config {
	__u32 interface_version;
	__u32 vantages;		/* bits; TSCOPE_SESSION's asks for connection events */
	__u32 slots;		/* a ring, a power of two, 16 .. max_slots */
	__u32 watermark;	/* records in one ring that make poll() return; 1 .. slots */
	__u32 flags;		/* TSCOPE_CONFIG_* */
	__u32 pad;		/* zero */
	struct tscope_filter filter;
};

/* The three clocks at one instant: the stamp is within tsc +- width / 2. */
struct tscope_anchor {
	__u64 tsc;		/* middle of the read */
	__u64 width;		/* ticks from before the read to after it */
	__u64 monotonic_raw_ns;
	__u64 realtime_ns;
};

/* --- trains --- */

struct tscope_train_probe {
	__u64 at_ns;		/* after the train's start; strictly ascending */
	__u32 len;		/* of the frame, from the Ethernet header on; no more than frame_len */
	__u32 pad;		/* zero */
};

#define TSCOPE_TRAIN_QDISC	0x1	/* hand over to the qdisc, not to the driver */
#define TSCOPE_TRAIN_TIMER	0x2	/* do not spin */
#define TSCOPE_TRAIN_NORMAL	0x4	/* by a thread of normal priority with a small share of the CPU; no spin either */

/*
 * A train of UDP probes. Each is the head of `frame`, `len` bytes of it; the module fills in the
 * lengths, the IPv4 header's checksum, the UDP checksum, the probe's index and the time. The sequence and time fields
 * are those of RFC 8762: 4 bytes, and an NTP timestamp of 8.
 */
struct tscope_train {
	__u64 probes;		/* pointer to struct tscope_train_probe[count] */
	__u64 frame;		/* pointer to frame_len bytes */
	__u64 start_tsc;	/* in: 0 for as soon as possible; out: the tick of at_ns = 0 */
	__u32 count;
	__u32 frame_len;
	__u32 ifindex;
	__u32 cpu;		/* that sends */
	__u32 flags;		/* in and out: TIMER and NORMAL come back where more is not allowed */
	__u32 late_ns;		/* handed over later than this, a probe is marked */
	__u16 ip_at;		/* in frame: the IP header, 14, or 18 behind a VLAN tag */
	__u16 seq_at;		/* the sequence number; 0 for none */
	__u16 time_at;		/* the timestamp, at an even distance from the UDP header; 0 for none */
	__u16 pad;		/* zero */
	__u32 number;		/* out */
	__u32 pad2;		/* zero */
};

enum tscope_train_state {
	TSCOPE_TRAIN_RUNNING	= 1,
	TSCOPE_TRAIN_DONE	= 2,	/* every probe had its turn */
	TSCOPE_TRAIN_ENDED	= 3,	/* before its end, see reason */
};

struct tscope_train_status {
	__u32 number;		/* in */
	__u32 state;		/* enum tscope_train_state */
	__u32 sent;		/* handed over */
	__u32 failed;		/* had their turn and could not be handed over */
	__u32 left;		/* had no turn (yet) */
	__u32 reason;		/* errno: ECANCELED, ENODEV (device or namespace gone), EHOSTDOWN (CPU gone), ESHUTDOWN (the machine sleeps) */
	__u32 late;
	__u32 contended;
	__u32 timer;		/* sent without a spin */
	__u32 lead_ns;		/* how early the CPU's thread is woken at present */
	__u64 spin_ticks;	/* spent on waiting for this train's ticks */
	__u64 busy_ticks;	/* spent on this train in all, the spin included */
};

#define TSCOPE_IOC_MAGIC	0xb7
#define TSCOPE_IOC_INFO		_IOR(TSCOPE_IOC_MAGIC, 0, struct tscope_info)
#define TSCOPE_IOC_HOOK		_IOWR(TSCOPE_IOC_MAGIC, 1, struct tscope_hook)
#define TSCOPE_IOC_CONFIGURE	_IOW(TSCOPE_IOC_MAGIC, 2, struct tscope_config)
#define TSCOPE_IOC_START	_IO(TSCOPE_IOC_MAGIC, 3)
#define TSCOPE_IOC_STOP		_IO(TSCOPE_IOC_MAGIC, 4)
#define TSCOPE_IOC_ANCHOR	_IOR(TSCOPE_IOC_MAGIC, 5, struct tscope_anchor)
#define TSCOPE_IOC_TRAIN	_IOWR(TSCOPE_IOC_MAGIC, 6, struct tscope_train)
#define TSCOPE_IOC_TRAIN_STATUS	_IOWR(TSCOPE_IOC_MAGIC, 7, struct tscope_train_status)
#define TSCOPE_IOC_TRAIN_CANCEL	_IOW(TSCOPE_IOC_MAGIC, 8, __u32)	/* number; 0: all */

/*
 * Errors.
 *
 * Any ioctl	ENOTTY: no such ioctl, or its size differs (another version). EFAULT: bad pointer.
 *		EINVAL: a field out of range, a call out of order. EBUSY: configured or started already.
 *		ENXIO: the session's network namespace is gone.
 * CONFIGURE	EPERM: the opener lacks the capability. ENODEV: a vantage point asked for has no hook in
 *		this kernel for any of the protocols asked for. ENOMEM: rings too large, or no memory.
 * START	EDQUOT: too many captures run, on the machine or in this network namespace.
 * TRAIN	ENODEV: no such device, or it is going. ENETDOWN: it is down. EMSGSIZE: a frame longer
 *		than the device takes. EAFNOSUPPORT: not Ethernet. EDQUOT: too many probes, or trains of
 *		all open files, those over included: they count until the file is closed; without
 *		CAP_SYS_RESOURCE in the initial user namespace a user gets a quarter of all. EHOSTDOWN: no
 *		such CPU online. EPERM: a CPU that the caller may not use itself (affinity, cpuset).
 *		EAGAIN: threads of former trains are still kept from their CPUs. ESHUTDOWN: the
 *		machine is about to sleep.
 * TRAIN_STATUS, TRAIN_CANCEL	ENOENT: no such train.
 * mmap()	EINVAL: an offset or length that is not exactly a region's. EPERM: a writable mapping of
 *		a read-only one.
 */

#endif /* _UAPI_TSCOPE_H */
