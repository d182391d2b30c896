// SPDX-License-Identifier: GPL-2.0-only
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "region.h"

/* As for any memory that a user asks for: his to pay, and no reason to kill anybody. */
#define USERS_MEMORY (GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

struct tscope_region *tscope_region_alloc(size_t bytes, int node)
{
	unsigned int pages = DIV_ROUND_UP(bytes, PAGE_SIZE);
	struct tscope_region *region;

	region = kvzalloc_node(struct_size(region, page, pages), USERS_MEMORY, node);
	if (!region)
		return NULL;
	region->bytes = (size_t)pages << PAGE_SHIFT;
	while (region->pages < pages) {
		struct page *page = alloc_pages_node(node, USERS_MEMORY | __GFP_ZERO, 0);

		if (!page || fatal_signal_pending(current)) {
			if (page)
				__free_page(page);
			goto fail;
		}
		region->page[region->pages++] = page;
	}
	region->memory = vmap(region->page, pages, VM_MAP | VM_USERMAP, PAGE_KERNEL);
	if (!region->memory)
		goto fail;
	return region;

fail:
	tscope_region_free(region);
	return NULL;
}

void tscope_region_free(struct tscope_region *region)
{
	unsigned int i;

	if (!region)
		return;
	vunmap(region->memory);
	for (i = 0; i < region->pages; i++) {
		__free_page(region->page[i]);
		cond_resched();
	}
	kvfree(region);
}
