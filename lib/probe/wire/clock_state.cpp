// SPDX-License-Identifier: MIT
#include "probe/wire/clock_state.hpp"

#include <sys/timex.h>

#include <algorithm>
#include <cstdint>

#include "probe/wire/ancillary.hpp"
#include "record/clock_reading.hpp"

namespace tscope {

std::int64_t realtime_less_raw_ns() {
  // The narrowest of a few reads: an interruption in between would count as the clock's.
  std::int64_t best_width = INT64_MAX, best = 0;
  for (int i = 0; i < 3; i++) {
    const std::int64_t before = read_clock_ns(CLOCK_MONOTONIC_RAW);
    const std::int64_t real = realtime_ns();
    const std::int64_t after = read_clock_ns(CLOCK_MONOTONIC_RAW);
    if (after - before >= best_width) continue;
    best_width = after - before;
    best = real - before - (after - before) / 2;
  }
  return best;
}

stamp::ErrorEstimate realtime_error() {
  constexpr std::int64_t unknown_ns = 16'000'000'000;
  timex state{};
  const int result = adjtimex(&state);
  const bool synchronized = result >= 0 && result != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
  if (!synchronized) return stamp::error_estimate(unknown_ns, false);
  return stamp::error_estimate(std::min<std::int64_t>(state.maxerror * 1000, unknown_ns), true);
}

}  // namespace tscope
