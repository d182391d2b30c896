// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <ctime>

namespace tscope {

inline std::int64_t to_ns(const timespec& time) {
  return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec;
}

/// Ping's time line: steps and slewing of the wall clock don't touch it.
inline std::int64_t raw_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC_RAW, &now);
  return to_ns(now);
}

}  // namespace tscope
