// SPDX-License-Identifier: MIT
#include "net/clock_state.hpp"

#include <sys/timex.h>

#include <algorithm>

namespace tscope {

stamp::ErrorEstimate realtime_error() {
  constexpr std::int64_t unknown_ns = 16'000'000'000;
  timex state{};
  const int result = adjtimex(&state);
  const bool synchronized = result >= 0 && result != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
  if (!synchronized) return stamp::error_estimate(unknown_ns, false);
  return stamp::error_estimate(std::min<std::int64_t>(state.maxerror * 1000, unknown_ns), true);
}

}  // namespace tscope
