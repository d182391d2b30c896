// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "base/kernel_clock.hpp"
#include "tscope/record/clock.hpp"

namespace tscope {

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
