/* SPDX-License-Identifier: GPL-2.0-only */
/* Zeroed memory that kernel and user space both see. */
#ifndef TSCOPE_REGION_H
#define TSCOPE_REGION_H

#include <linux/types.h>

struct tscope_region {
	void *memory;
	size_t bytes;		/* whole pages */
	unsigned int pages;
	struct page *page[];
};

/*
 * On `node`, charged to the caller's memory cgroup; NULL without memory: nobody is killed to make some.
 * Sleeps.
 */
struct tscope_region *tscope_region_alloc(size_t bytes, int node);
void tscope_region_free(struct tscope_region *region);

#endif
