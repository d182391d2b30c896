/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The layout of tscope_record, for compilers to assert: TSCOPE_LAYOUT(FIELD) calls
 * FIELD(name, offset, size) for each; two of one offset are of different kinds of records. Module,
 * BPF programs and library must agree on every byte.
 */
#ifndef _UAPI_TSCOPE_LAYOUT_H
#define _UAPI_TSCOPE_LAYOUT_H

#define TSCOPE_RECORD_SIZE 192

#define TSCOPE_LAYOUT(FIELD)			\
	FIELD(tsc, 0, 8)			\
	FIELD(commit, 8, 4)			\
	FIELD(netns, 12, 4)			\
	FIELD(ifindex, 16, 4)			\
	FIELD(seq, 20, 4)			\
	FIELD(seq_end, 24, 4)			\
	FIELD(train, 24, 4)			\
	FIELD(wire_len, 28, 4)			\
	FIELD(napi_poll, 32, 4)			\
	FIELD(error, 32, 4)			\
	FIELD(cpu, 36, 2)			\
	FIELD(segs, 38, 2)			\
	FIELD(flags, 40, 4)			\
	FIELD(vantage, 44, 1)			\
	FIELD(kind, 45, 1)			\
	FIELD(clock, 46, 1)			\
	FIELD(header_len, 47, 1)		\
	FIELD(link, 48, 14)			\
	FIELD(vlan_tci, 62, 2)			\
	FIELD(header, 64, 128)

#endif
