// SPDX-License-Identifier: GPL-2.0-only
/* The module's clock for BPF programs: tracing and traffic control. */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/module.h>

#include "clock.h"
#include "compat/compat.h"
#include "kfunc.h"

__bpf_kfunc u64 bpf_tscope_tsc(void);

__bpf_kfunc_start_defs();

/* Ticks, read as the hooks of this module read them. */
__bpf_kfunc u64 bpf_tscope_tsc(void)
{
	return tscope_now();
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(tscope_kfuncs)
BTF_ID_FLAGS(func, bpf_tscope_tsc)
BTF_KFUNCS_END(tscope_kfuncs)

static const struct btf_kfunc_id_set kfunc_set = {
	.owner = THIS_MODULE,
	.set = &tscope_kfuncs,
};

int tscope_kfunc_init(void)
{
	int err = register_btf_kfunc_id_set(BPF_PROG_TYPE_TRACING, &kfunc_set);

	return err ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SCHED_CLS, &kfunc_set);
}
