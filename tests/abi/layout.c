// SPDX-License-Identifier: MIT
/* The record as C sees it. Compiling is the test. */
#include <assert.h>
#include <stddef.h>

#include "uapi/layout.h"
#include "uapi/tscope.h"

static_assert(sizeof(struct tscope_record) == TSCOPE_RECORD_SIZE, "record");
#define FIELD(name, offset, size)                                                   \
	static_assert(offsetof(struct tscope_record, name) == (offset), #name);     \
	static_assert(sizeof(((struct tscope_record *)0)->name) == (size), #name);
TSCOPE_LAYOUT(FIELD)

static_assert(sizeof(struct tscope_config) == 56, "config");
static_assert(sizeof(struct tscope_filter) == 32, "filter");
static_assert(sizeof(struct tscope_info) == 32, "info");
static_assert(sizeof(struct tscope_hook) == 80, "hook");
static_assert(sizeof(struct tscope_anchor) == 32, "anchor");
static_assert(sizeof(struct tscope_ring_info) == 16 + 16 * TSCOPE_VANTAGES * TSCOPE_LOST_CAUSES,
	      "ring info");
static_assert(offsetof(struct tscope_map_info, rings) == 48, "map info");
