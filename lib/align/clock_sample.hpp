// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace tscope {

/// One packet seen by both clocks.
struct ClockSample {
  std::int64_t first_ns = 0;   ///< by the first file's clock
  std::int64_t second_ns = 0;  ///< by the second's
  bool towards_second = true;  ///< passed the first file's vantage point before the second's
};

}  // namespace tscope
