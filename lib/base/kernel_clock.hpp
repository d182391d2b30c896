// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <ctime>

namespace tscope {

/// Returns a time of the kernel's in nanoseconds.
inline std::int64_t to_ns(const timespec& time) {
  return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec;
}

/// Returns what a clock of the kernel reads, in nanoseconds.
inline std::int64_t read_clock_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return to_ns(now);
}

}  // namespace tscope
