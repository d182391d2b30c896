// SPDX-License-Identifier: MIT
#include "analysis/acks/delivery_curve.hpp"

#include <algorithm>

#include "base/part.hpp"

namespace tscope {

namespace {

// docs/ack-report.md, "The stream's own rate", says what these are for.
constexpr std::size_t windows_wanted = 32, windows_min = 5;
constexpr std::uint64_t acks_in_window = 20;
constexpr double near_top = 0.10;      // of the highest level
constexpr double plateau_from = 0.60;  // of the windows that deliver
constexpr double top_quantile = 0.90;
constexpr double drift = 200e-6;  // of two machines' clocks

std::int64_t median(std::vector<std::int64_t>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

}  // namespace

void DeliveryCurve::Range::take(std::int64_t value) {
  low = std::min(low, value);
  high = std::max(high, value);
}

void DeliveryCurve::Range::take(const Range& other) {
  low = std::min(low, other.low);
  high = std::max(high, other.high);
}

void DeliveryCurve::Part::take(const Part& other) {
  bytes += other.bytes;
  acks += other.acks;
  lag.take(other.lag);
  rtt.take(other.rtt);
}

void DeliveryCurve::halve() {
  for (std::size_t i = 0; i < parts_.size(); i++) {
    const Part part = parts_[i];
    if (i % 2 == 0) parts_[i / 2] = {};
    parts_[i / 2].take(part);
  }
  parts_.resize((parts_.size() + 1) / 2);
  width_ns_ *= 2;
}

void DeliveryCurve::add(std::int64_t time_ns, std::uint64_t wire_bytes,
                        std::optional<std::int64_t> lag_ns, std::optional<std::int64_t> rtt_ns) {
  if (parts_.empty()) begin_ns_ = last_ns_ = time_ns;
  if (time_ns < begin_ns_) return;
  last_ns_ = std::max(last_ns_, time_ns);
  const auto since = static_cast<std::size_t>(time_ns - begin_ns_);
  std::size_t place = since / static_cast<std::size_t>(width_ns_);
  while (place >= parts_max) {
    halve();
    place = since / static_cast<std::size_t>(width_ns_);
  }
  if (place >= parts_.size()) parts_.resize(place + 1);
  Part& part = parts_[place];
  part.bytes += wire_bytes;
  part.acks++;
  if (lag_ns) part.lag.take(*lag_ns);
  if (rtt_ns) part.rtt.take(*rtt_ns);
}

std::optional<DeliveryCurve::Plateau> DeliveryCurve::plateau(
    std::optional<std::int64_t> lag_step_ns) const {
  std::uint64_t acks = 0;
  for (const Part& part : parts_) acks += part.acks;
  const auto windows = std::min<std::size_t>(windows_wanted, acks / acks_in_window);
  if (windows < windows_min || parts_.size() < windows) return {};
  const std::size_t length = parts_.size() / windows;  // the rest at the end is left out
  struct Window {
    double rate = 0;
    Part all;
  };
  std::vector<Window> delivering;
  const double window_s = static_cast<double>(length) * static_cast<double>(width_ns_) / 1e9;
  for (std::size_t i = 0; i < windows; i++) {
    Window window;
    for (std::size_t j = i * length; j < (i + 1) * length; j++) window.all.take(parts_[j]);
    window.rate = static_cast<double>(window.all.bytes) / window_s;
    if (window.all.acks > 0) delivering.push_back(window);
  }
  std::ranges::sort(delivering, {}, &Window::rate);
  const auto top_at =
      static_cast<std::size_t>(top_quantile * static_cast<double>(delivering.size() - 1));
  const double top = delivering[top_at].rate;
  Plateau result;
  double sum = 0;
  std::vector<std::int64_t> lags, rtts;
  for (const Window& window : delivering) {
    if (window.rate < (1 - near_top) * top) continue;
    // Delivery above the level that it keeps to: the level is no bottleneck's.
    if (window.rate > (1 + near_top) * top) return {};
    sum += window.rate;
    rtts.push_back(window.all.rtt.width());
    const auto allowed =
        static_cast<std::int64_t>(window_s * 1e9 * drift) + lag_step_ns.value_or(0);
    lags.push_back(lag_step_ns ? window.all.lag.width() - allowed : 0);
  }
  if (part(lags.size(), delivering.size()) < plateau_from) return {};
  result.bytes_per_s = sum / static_cast<double>(lags.size());
  result.lag_ns = median(lags);
  result.rtt_ns = median(rtts);
  return result;
}

std::uint64_t DeliveryCurve::bytes_between(std::int64_t from_ns, std::int64_t to_ns) const {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < parts_.size(); i++) {
    const std::int64_t at = begin_ns_ + static_cast<std::int64_t>(i) * width_ns_;
    if (at + width_ns_ > from_ns && at < to_ns) sum += parts_[i].bytes;
  }
  return sum;
}

}  // namespace tscope
