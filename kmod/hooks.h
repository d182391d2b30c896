/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Places in the kernel where records come from, as uapi/places.h lists them. Each layer's file has the
 * handlers; hooks.c looks the places up at load and attaches those that some running session needs.
 */
#ifndef TSCOPE_HOOKS_H
#define TSCOPE_HOOKS_H

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/percpu.h>
#include <linux/tracepoint.h>

#include "uapi/places.h"

struct tscope_place {
	const char *name;
	u8 vantage;
	u8 kind;			/* enum tscope_hook_kind */
	u8 protocols;			/* TSCOPE_PROTO_*: whose packets pass here */
	enum tscope_need need;
	void *probe;			/* tracepoint */
	ftrace_func_t function;
	kretprobe_handler_t on_entry, on_return;
	size_t return_data;		/* bytes carried from on_entry to on_return */
	const char *takes;		/* function: its first arguments' types */

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

/* A row of TSCOPE_PLACES() with its handlers, for the table of its layer's file, which has them above. */
#define TSCOPE_PLACE(id, kind_, vantage_, protocols_, need_, name_)		\
	{									\
		.name = name_,							\
		.vantage = TSCOPE_##vantage_,					\
		.kind = TSCOPE_HOOK_##kind_,					\
		.protocols = TSCOPE_PROTO_##protocols_,				\
		.need = TSCOPE_##need_,						\
		TSCOPE_HANDLER_##kind_(id),					\
	},
#define TSCOPE_HANDLER_TRACEPOINT(id)	.probe = at_##id
#define TSCOPE_HANDLER_FUNCTION(id)	.function = at_##id, .takes = takes_##id
/* struct <id>_call goes from the entry to the return. */
#define TSCOPE_HANDLER_RETURN(id)						\
	.on_entry = before_##id, .on_return = at_##id, .return_data = sizeof(struct id##_call),	\
	.takes = takes_##id

/*
 * Each begins a handler; or, with __alias(), says that another one serves that place too.
 *
 * TSCOPE_AT_TRACEPOINT(id, tracepoint, arguments): the compiler compares them with the tracepoint's.
 */
#define TSCOPE_AT_TRACEPOINT(id, tracepoint, ...)				\
	static void at_##id(void *data, __VA_ARGS__);				\
	static inline void __maybe_unused type_of_##id(void)			\
	{									\
		check_trace_callback_type_##tracepoint(at_##id);		\
	}									\
	static void at_##id(void *data, __VA_ARGS__)

/*
 * TSCOPE_AT_FUNCTION(id, types): of a function's arguments, up to the last that the handler reads. At
 * load they are compared with the kernel's BTF. TSCOPE_AT_DECLARED(id, function, returned, types), of
 * all its arguments, if a header declares it: the compiler compares them as well.
 */
#define TSCOPE_TAKES(id, ...) static const char takes_##id[] = #__VA_ARGS__
#define TSCOPE_AT_FUNCTION(id, ...)						\
	TSCOPE_TAKES(id, __VA_ARGS__);						\
	static void at_##id(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,	\
			    struct ftrace_regs *regs)
#define TSCOPE_AT_DECLARED(id, function, returned, ...)				\
	static_assert(__same_type(function, returned(__VA_ARGS__)));		\
	TSCOPE_AT_FUNCTION(id, __VA_ARGS__)

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
