// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <ctime>

#include "tscope/record/clock.hpp"

namespace tscope {

/// A clock of the kernel, in nanoseconds.
inline std::int64_t read_clock_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
}

/// What `ticks` reads, CLOCK_MONOTONIC_RAW and CLOCK_REALTIME together, from user space.
template <typename Ticks>
Anchor read_anchor(Ticks ticks) {
  Anchor anchor{};
  const std::uint64_t before = ticks();
  anchor.monotonic_raw_ns = static_cast<std::uint64_t>(read_clock_ns(CLOCK_MONOTONIC_RAW));
  anchor.realtime_ns = static_cast<std::uint64_t>(read_clock_ns(CLOCK_REALTIME));
  anchor.width = ticks() - before;
  anchor.tsc = before + anchor.width / 2;
  return anchor;
}

}  // namespace tscope
