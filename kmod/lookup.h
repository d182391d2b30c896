/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions whose name does not tell which one is meant. At load. */
#ifndef TSCOPE_LOOKUP_H
#define TSCOPE_LOOKUP_H

#include <linux/types.h>

/* Whether `name` is one of these; then its address, or 0 where it can't be told. */
bool tscope_lookup(const char *name, unsigned long *address);

#endif
