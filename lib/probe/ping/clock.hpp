// SPDX-License-Identifier: MIT
#pragma once

#include "base/kernel_clock.hpp"

namespace tscope {

/// Returns the time on ping's time line: steps and slewing of the wall clock don't touch it.
inline std::int64_t raw_ns() {
  return read_clock_ns(CLOCK_MONOTONIC_RAW);
}

}  // namespace tscope
