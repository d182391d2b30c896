// SPDX-License-Identifier: MIT
#include "probe/ping/calibrate.hpp"

#include <poll.h>

#include <algorithm>
#include <vector>

#include "probe/ping/clock.hpp"

namespace tscope {

namespace {

constexpr int timers = 24, spins = 24;
constexpr std::int64_t timer_ns = 1'000'000, spin_ns = 250'000;

std::int64_t lower_quartile(std::vector<std::int64_t> values) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 4);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

}  // namespace

PingCalibration calibrate_ping() {
  std::vector<std::int64_t> late, gaps;
  const timespec pause{0, timer_ns};
  for (int i = 0; i < timers; i++) {
    const std::int64_t due = raw_ns() + timer_ns;
    ppoll(nullptr, 0, &pause, nullptr);
    late.push_back(std::max<std::int64_t>(0, raw_ns() - due));
  }
  for (int i = 0; i < spins; i++) {
    std::int64_t last = raw_ns(), longest = 0;
    for (const std::int64_t end = last + spin_ns; last < end;) {
      const std::int64_t now = raw_ns();
      longest = std::max(longest, now - last);
      last = now;
    }
    gaps.push_back(longest);
  }
  return {lower_quartile(late), lower_quartile(gaps)};
}

}  // namespace tscope
