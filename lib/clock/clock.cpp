// SPDX-License-Identifier: MIT
#include "tscope/clock.hpp"

#include <algorithm>
#include <cmath>

namespace tscope {

namespace {

// A wall clock is slewed by at most 500 ppm (adjtimex); more between two anchors is a step.
constexpr double step_ns = 1e6;

double ticks(std::uint64_t from, std::uint64_t to) {
  return to >= from ? static_cast<double>(to - from) : -static_cast<double>(from - to);
}

double elapsed_ns(const Anchor& from, const Anchor& to) {
  return static_cast<double>(to.monotonic_raw_ns) - static_cast<double>(from.monotonic_raw_ns);
}

}  // namespace

ClockModel::ClockModel(const Anchor& first, std::uint32_t nominal_khz)
    : first_(first), last_(first), nominal_ns_per_tick_(1e6 / std::max(1U, nominal_khz)) {
  widest_ns_ = static_cast<double>(first.width) * nominal_ns_per_tick_;
  segments_.push_back(
      {first.tsc, static_cast<std::int64_t>(first.realtime_ns), nominal_ns_per_tick_});
}

void ClockModel::add(const Anchor& anchor) {
  if (anchor.tsc <= last_.tsc || anchor.monotonic_raw_ns <= last_.monotonic_raw_ns) {
    steps_++;
    return;
  }
  const double wall = static_cast<double>(anchor.realtime_ns) - static_cast<double>(last_.realtime_ns);
  const double raw = elapsed_ns(last_, anchor);
  if (std::abs(wall - raw) > std::max(step_ns, raw * 1e-3)) steps_++;

  const double truth = elapsed_ns(first_, anchor);
  const std::int64_t said = to_ns(anchor.tsc);
  const double error = static_cast<double>(said - static_cast<std::int64_t>(first_.realtime_ns)) - truth;
  const double ns_per_tick = truth / ticks(first_.tsc, anchor.tsc);
  worst_residual_ns_ = std::max(worst_residual_ns_, std::abs(error));
  widest_ns_ = std::max(widest_ns_, static_cast<double>(anchor.width) * ns_per_tick);

  // Bend so that the error is gone after as long again as since the last anchor; never so far that
  // the line runs backwards.
  const double span = ticks(last_.tsc, anchor.tsc);
  const double bend = std::clamp(error / span, -0.5 * ns_per_tick, 0.5 * ns_per_tick);
  segments_.push_back({anchor.tsc, said, ns_per_tick - bend});
  if (segments_.size() > kept_segments) segments_.erase(segments_.begin());
  last_ = anchor;
}

std::int64_t ClockModel::to_ns(std::uint64_t tsc) const {
  const auto* segment = &segments_.front();
  for (auto it = segments_.rbegin(); it != segments_.rend(); ++it) {
    if (it->tsc <= tsc) {
      segment = &*it;
      break;
    }
  }
  return segment->time_ns + std::llround(ticks(segment->tsc, tsc) * segment->ns_per_tick);
}

ClockInfo ClockModel::info() const {
  ClockInfo info;
  info.source = "tsc";
  info.error_ns = static_cast<std::int64_t>(std::ceil(widest_ns_ / 2 + worst_residual_ns_));
  info.tsc_hz = last_.tsc > first_.tsc
                    ? ticks(first_.tsc, last_.tsc) / elapsed_ns(first_, last_) * 1e9
                    : 1e9 / nominal_ns_per_tick_;
  info.steps = steps_;
  return info;
}

}  // namespace tscope
