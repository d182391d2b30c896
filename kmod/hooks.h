/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Places in the kernel where records come from. Each layer's file lists its own; hooks.c looks
 * them up at load and attaches those that some running session needs.
 */
#ifndef TSCOPE_HOOKS_H
#define TSCOPE_HOOKS_H

#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/percpu.h>
#include <linux/tracepoint.h>

#include "uapi/tscope.h"

enum tscope_need {
	TSCOPE_REQUIRED,	/* without it the vantage point can't be had */
	TSCOPE_OPTIONAL,	/* serves packets that may never come here */
	TSCOPE_FIRST_CHOICE,	/* any one of the choices is enough */
	TSCOPE_SECOND_CHOICE,	/* only where the first is absent */
};

struct tscope_place {
	const char *name;
	u8 vantage;
	u8 kind;			/* enum tscope_hook_kind */
	u32 also;			/* bits of more vantage points whose records need it */
	u8 protocols;			/* TSCOPE_PROTO_*: whose packets pass here */
	enum tscope_need need;
	void *probe;			/* tracepoint */
	ftrace_func_t function;
	kretprobe_handler_t on_entry, on_return;
	size_t return_data;		/* bytes carried from on_entry to on_return */

	enum tscope_hook_state state;	/* hooks_lock */
	unsigned int users;		/* sessions; hooks_lock */
	struct tracepoint *tracepoint;
	u32 function_bit;
	struct kretprobe kretprobe;
	u64 missed_before;		/* by earlier registrations; hooks_lock */
};

struct tscope_layer {
	struct tscope_place *places;
	unsigned int count;
};

extern const struct tscope_layer tscope_driver_layer;
extern const struct tscope_layer tscope_qdisc_layer;
extern const struct tscope_layer tscope_socket_layer;
extern const struct tscope_layer tscope_app_layer;
extern const struct tscope_layer tscope_session_layer;
extern const struct tscope_layer tscope_datagram_layer;

int tscope_hooks_init(void);
void tscope_hooks_exit(void);

u32 tscope_hooks_count(void);
/* Vantage points that can be had for at least one of `protocols`. */
u32 tscope_hooks_available(u8 protocols);
int tscope_hooks_describe(u32 index, struct tscope_hook *hook);

/* All places that serve one of `vantages` and one of `protocols`, or none. Sleeps. */
int tscope_hooks_attach(u32 vantages, u8 protocols);
void tscope_hooks_detach(u32 vantages, u8 protocols);

/* Those that some session wants: at a device, nothing else is looked at any further. */
extern u8 tscope_wanted_protocols;

/* NAPI polls finished on this CPU while some session counted them. */
DECLARE_PER_CPU(u32, tscope_napi_polls);

static inline u32 tscope_hooks_napi_polls(void)
{
	return this_cpu_read(tscope_napi_polls);
}

#endif
