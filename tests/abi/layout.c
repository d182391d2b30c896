// SPDX-License-Identifier: MIT
/* The record as C sees it, and what the ioctls take, for 64 and for 32 bits. Compiling is the test. */
#include <stddef.h>

#include "uapi/layout.h"
#include "uapi/tscope.h"

_Static_assert(sizeof(struct tscope_record) == TSCOPE_RECORD_SIZE, "record");
#define FIELD(name, offset, size)                                                   \
	_Static_assert(offsetof(struct tscope_record, name) == (offset), #name);     \
	_Static_assert(sizeof(((struct tscope_record *)0)->name) == (size), #name);
TSCOPE_LAYOUT(FIELD)

_Static_assert(sizeof(struct tscope_config) == 56, "config");
_Static_assert(sizeof(struct tscope_filter) == 32, "filter");
_Static_assert(sizeof(struct tscope_info) == 32, "info");
_Static_assert(sizeof(struct tscope_hook) == 80, "hook");
_Static_assert(sizeof(struct tscope_anchor) == 32, "anchor");
_Static_assert(sizeof(struct tscope_train_probe) == 16, "train probe");
_Static_assert(sizeof(struct tscope_train) == 64, "train");
_Static_assert(offsetof(struct tscope_train, number) == 56, "train number");
_Static_assert(sizeof(struct tscope_train_status) == 56, "train status");
_Static_assert(offsetof(struct tscope_train_status, spin_ticks) == 40, "train status ticks");
_Static_assert(sizeof(struct tscope_ring_info) == 16 + 16 * TSCOPE_VANTAGES * TSCOPE_LOST_CAUSES +
	      24 * TSCOPE_PASSED_POINTS * TSCOPE_PASSED_DEVICES,
	      "ring info");
_Static_assert(offsetof(struct tscope_map_info, rings) == 48, "map info");
