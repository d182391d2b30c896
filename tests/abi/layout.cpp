// SPDX-License-Identifier: MIT
// The record as C++ sees it. Compiling is the test.
#include "uapi/layout.h"

#include <cstddef>

#include "uapi/tscope.h"

static_assert(sizeof(tscope_record) == TSCOPE_RECORD_SIZE);
#define FIELD(name, offset, size)                                  \
  static_assert(offsetof(tscope_record, name) == (offset), #name); \
  static_assert(sizeof(tscope_record::name) == (size), #name);
TSCOPE_LAYOUT(FIELD)
