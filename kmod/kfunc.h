/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TSCOPE_KFUNC_H
#define TSCOPE_KFUNC_H

/* Tells BPF of bpf_tscope_tsc(). Without it all else works; a program that uses it holds the module. */
int tscope_kfunc_init(void);

#endif
