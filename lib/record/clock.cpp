// SPDX-License-Identifier: MIT
#include "tscope/record/clock.hpp"

#include <algorithm>
#include <cmath>

namespace tscope {

namespace {

constexpr int rate_shift = 40;

// A wall clock is slewed by at most 500 ppm (adjtimex); more between two anchors is a step.
constexpr double step_ns = 1e6;
constexpr double slew = 1e-3;

// Times are whole nanoseconds.
constexpr double rounding_ns = 1;

// Anchors may come further and further apart: correcting over no more than the last span would
// overshoot.
constexpr double patience = 4;

// A read this much wider than the best tells less than the line already knows.
constexpr double wide = 8;

double ticks(std::uint64_t from, std::uint64_t to) {
  return to >= from ? static_cast<double>(to - from) : -static_cast<double>(from - to);
}

double elapsed(std::uint64_t from, std::uint64_t to) {
  return ticks(from, to);
}

std::int64_t fixed_point(double ns_per_tick) {
  return std::llround(std::ldexp(ns_per_tick, rate_shift));
}

}  // namespace

ClockModel::ClockModel(const Anchor& first, std::uint32_t nominal_khz)
    : first_(first),
      last_(first),
      ns_per_tick_(1e6 / std::max(1U, nominal_khz)),
      narrowest_(static_cast<double>(first.width)) {
  worst_ns_ = narrowest_ / 2 * ns_per_tick_;
  segments_.push_back(
      {first.tsc, static_cast<std::int64_t>(first.realtime_ns), fixed_point(ns_per_tick_)});
}

double ClockModel::raw_ns(const Anchor& anchor) const {
  return elapsed(first_.monotonic_raw_ns, anchor.monotonic_raw_ns);
}

// The two reads allow a range of rates; the nearest to what was believed is taken, so that the
// width of a read is never mistaken for drift.
void ClockModel::learn_rate(const Anchor& anchor) {
  const double slack = static_cast<double>(first_.width + anchor.width) / 2;
  const double span = ticks(first_.tsc, anchor.tsc);
  const double slowest = raw_ns(anchor) / (span + slack);
  const double fastest = span > slack ? raw_ns(anchor) / (span - slack) : ns_per_tick_;
  ns_per_tick_ = std::clamp(ns_per_tick_, slowest, std::max(slowest, fastest));
}

void ClockModel::add(const Anchor& anchor) {
  if (anchor.tsc <= last_.tsc || anchor.monotonic_raw_ns <= last_.monotonic_raw_ns) {
    steps_++;
    return;
  }
  const double raw = elapsed(last_.monotonic_raw_ns, anchor.monotonic_raw_ns);
  const double wall = elapsed(last_.realtime_ns, anchor.realtime_ns);
  if (std::abs(wall - raw) > std::max(step_ns, raw * slew)) steps_++;

  learn_rate(anchor);
  const std::int64_t said = to_ns(anchor.tsc);
  const double error =
      static_cast<double>(said - static_cast<std::int64_t>(first_.realtime_ns)) - raw_ns(anchor);
  const double half_width = static_cast<double>(anchor.width) / 2 * ns_per_tick_ + rounding_ns;
  const double bound = std::abs(error) + half_width;
  const double span = ticks(last_.tsc, anchor.tsc);
  const auto width = static_cast<double>(anchor.width);
  last_ = anchor;
  if (width > wide * narrowest_ && std::abs(error) <= half_width) {
    newest_ns_ = bound;
    return;
  }
  newest_ns_ = 0;
  narrowest_ = std::min(narrowest_, width);
  worst_ns_ = std::max(worst_ns_, bound);

  // What exceeds the read's own uncertainty is undone over some spans like the last one; never so
  // fast that the line runs backwards.
  const double excess = error - std::clamp(error, -half_width, half_width);
  const double bend =
      std::clamp(excess / (patience * span), -0.5 * ns_per_tick_, 0.5 * ns_per_tick_);
  segments_.push_back({anchor.tsc, said, fixed_point(ns_per_tick_ - bend)});
  if (segments_.size() > kept_segments) segments_.erase(segments_.begin());
}

std::int64_t ClockModel::to_ns(std::uint64_t tsc) const {
  const auto* segment = &segments_.front();
  for (auto it = segments_.rbegin(); it != segments_.rend(); ++it) {
    if (it->tsc <= tsc) {
      segment = &*it;
      break;
    }
  }
  const auto since = static_cast<std::int64_t>(tsc - segment->tsc);
  __extension__ using Wide = __int128;
  return segment->time_ns + static_cast<std::int64_t>(Wide{since} * segment->rate >> rate_shift);
}

ClockInfo ClockModel::info() const {
  ClockInfo info;
  info.source = "tsc";
  info.error_ns =
      static_cast<std::int64_t>(std::ceil(std::max(worst_ns_, newest_ns_) + rounding_ns));
  info.tsc_hz = 1e9 / ns_per_tick_;
  info.steps = steps_;
  return info;
}

}  // namespace tscope
