/* SPDX-License-Identifier: GPL-2.0-only */
/* All that differs between kernel versions; no other file tests the version. */
#ifndef TSCOPE_COMPAT_H
#define TSCOPE_COMPAT_H

#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/compiler_attributes.h>
#include <linux/ftrace.h>
#include <linux/mm.h>
#include <linux/ptrace.h>
#include <linux/version.h>

/* 6.6 */
#ifndef __counted_by
#define __counted_by(member)
#endif

/* 6.2 */
#ifndef __bpf_kfunc
#define __bpf_kfunc __used noinline
#endif

/* 6.7 */
#ifndef __bpf_kfunc_start_defs
#define __bpf_kfunc_start_defs()						\
	__diag_push();								\
	__diag_ignore_all("-Wmissing-prototypes", "BTF tells of it")
#define __bpf_kfunc_end_defs() __diag_pop()
#endif

/* 6.9 */
#ifndef BTF_KFUNCS_START
#define BTF_KFUNCS_START(name) BTF_SET8_START(name)
#define BTF_KFUNCS_END(name) BTF_SET8_END(name)
#endif

static inline void tscope_vma_forbid_writing(struct vm_area_struct *vma)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_clear(vma, VM_MAYWRITE);
#else
	vma->vm_flags &= ~VM_MAYWRITE;
#endif
}

static __always_inline unsigned long tscope_argument(struct ftrace_regs *fregs, unsigned int n)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	return ftrace_regs_get_argument(fregs, n);
#else
	return regs_get_kernel_argument(&fregs->regs, n);
#endif
}

#endif
