/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All that differs between kernels. Nothing here goes by a kernel's version, for distributions take
 * features back: what the headers have is asked of them, by probe-kernel when the module is built;
 * of a macro the preprocessor tells.
 */
#ifndef TSCOPE_COMPAT_H
#define TSCOPE_COMPAT_H

#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/compiler_attributes.h>
#include <linux/ftrace.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/ptrace.h>
#include <linux/timekeeping.h>

#include "tscope_features.h"

#ifndef __counted_by
#define __counted_by(member)
#endif

#ifndef __bpf_kfunc
#define __bpf_kfunc __used noinline
#endif

#ifndef __bpf_kfunc_start_defs
#define __bpf_kfunc_start_defs()						\
	__diag_push();								\
	__diag_ignore_all("-Wmissing-prototypes", "BTF tells of it")
#define __bpf_kfunc_end_defs() __diag_pop()
#endif

#ifndef BTF_KFUNCS_START
#define BTF_KFUNCS_START(name) BTF_SET8_START(name)
#define BTF_KFUNCS_END(name) BTF_SET8_END(name)
#endif

static inline void tscope_vma_forbid_writing(struct vm_area_struct *vma)
{
#ifdef TSCOPE_HAVE_VM_FLAGS_CLEAR
	vm_flags_clear(vma, VM_MAYWRITE);
#else
	vma->vm_flags &= ~VM_MAYWRITE;
#endif
}

static __always_inline unsigned long tscope_argument(struct ftrace_regs *fregs, unsigned int n)
{
#ifdef TSCOPE_HAVE_FTRACE_REGS_GET_ARGUMENT
	return ftrace_regs_get_argument(fregs, n);
#else
	return regs_get_kernel_argument(&fregs->regs, n);
#endif
}

/* Of an ops that is not registered. */
static inline void tscope_forget_filter(struct ftrace_ops *ops)
{
#ifdef TSCOPE_HAVE_FTRACE_FREE_FILTER
	ftrace_free_filter(ops);
#else
	ftrace_set_filter(ops, NULL, 0, 1);
#endif
}

static inline void tscope_timer_setup(struct hrtimer *timer,
				      enum hrtimer_restart (*function)(struct hrtimer *),
				      clockid_t clock, enum hrtimer_mode mode)
{
#ifdef TSCOPE_HAVE_HRTIMER_SETUP
	hrtimer_setup(timer, function, clock, mode);
#else
	hrtimer_init(timer, clock, mode);
	timer->function = function;
#endif
}

/* CLOCK_REALTIME and CLOCK_MONOTONIC_RAW at one instant. */
static inline void tscope_real_and_raw(ktime_t *real, ktime_t *raw)
{
	struct system_time_snapshot snapshot;

#ifdef TSCOPE_HAVE_KTIME_GET_SNAPSHOT_ID
	ktime_get_snapshot_id(CLOCK_REALTIME, &snapshot);
	*real = snapshot.systime;
	*raw = snapshot.monoraw;
#else
	ktime_get_snapshot(&snapshot);
	*real = snapshot.real;
	*raw = snapshot.raw;
#endif
}

#endif
