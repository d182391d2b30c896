// SPDX-License-Identifier: MIT
#include "probe/wire/clock_state.hpp"

#include <algorithm>
#include <cstdint>

#include "base/kernel_clock.hpp"
#include "probe/wire/ancillary.hpp"

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

stamp::ErrorEstimate realtime_error(AskClock ask) {
  constexpr std::int64_t largest_ns = 16'000'000'000;
  timex clock{};
  const int state = ask(&clock);
  const bool synchronized = state >= 0 && state != TIME_ERROR && (clock.status & STA_UNSYNC) == 0;
  if (!synchronized) return stamp::error_estimate(largest_ns, false);
  return stamp::error_estimate(std::min<std::int64_t>(clock.maxerror * 1000, largest_ns), true);
}

}  // namespace tscope
