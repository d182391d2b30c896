/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hooks at the entry of kernel functions. All share one ftrace_ops: to take it off waits until no
 * task can be in its old code, and that wait, long on a busy machine, is then needed but once.
 * The caller serialises.
 */
#ifndef TSCOPE_FUNCTIONS_H
#define TSCOPE_FUNCTIONS_H

#include <linux/ftrace.h>

#include "uapi/places.h"

#define TSCOPE_COUNT_FUNCTION(id, kind, ...) + (TSCOPE_HOOK_##kind == TSCOPE_HOOK_FUNCTION)
#define TSCOPE_FUNCTIONS_MAX (0 TSCOPE_PLACES(TSCOPE_COUNT_FUNCTION))

/* Its number, to be used as a bit; or a negative errno: not there, or not to be traced. At load. */
int tscope_functions_find(const char *name, ftrace_func_t hook);
/* To be called once, after the last of these. */
void tscope_functions_found(void);

/* From now on just these are hooked, a bit each. On error all is as it was. Sleeps. */
int tscope_functions_hook(u32 functions);

void tscope_functions_exit(void);

#endif
