// SPDX-License-Identifier: MIT
#include "analysis/acks/excess.hpp"

#include <algorithm>

namespace tscope {

namespace {

constexpr double second_ns = 1e9;

}  // namespace

void Excess::add(std::int64_t time_ns, std::uint64_t ip_bytes, double rate_bps) {
  if (!begin_ns_) {
    // What the first one delivers came in the time before it.
    begin_ns_ = last_ns_ = time_ns;
    slots_.push_back({0, 0});
    return;
  }
  if (time_ns < last_ns_) return;
  last_ns_ = time_ns;
  delivered_ += ip_bytes;
  const auto since_ns = static_cast<double>(time_ns - *begin_ns_);
  const double ahead = static_cast<double>(delivered_) - rate_bps / 8 * since_ns / second_ns;
  const std::int64_t number = (time_ns - *begin_ns_) / slot_ns;
  while (!slots_.empty() && slots_.front().number < number - 2 * slots_in_second) {
    slots_.pop_front();
  }
  if (!slots_.empty() && slots_.back().number == number) {
    slots_.back().most = std::max(slots_.back().most, ahead);
    return;
  }
  slots_.push_back({number, ahead});
  // Against the most that was reached a second ago or longer.
  std::optional<double> before;
  for (const Slot& slot : slots_) {
    if (slot.number > number - slots_in_second) break;
    before = std::max(before.value_or(slot.most), slot.most);
  }
  if (before) worst_bytes_ = std::max(worst_bytes_, ahead - *before);
}

double Excess::worst(double rate_bps) const {
  if (!begin_ns_ || rate_bps <= 0) return 0;
  const double span_ns = static_cast<double>(last_ns_ - *begin_ns_);
  double share = worst_bytes_ / (rate_bps / 8);
  if (span_ns > 0 && span_ns < second_ns) {
    share = static_cast<double>(delivered_) / (rate_bps / 8 * span_ns / second_ns) - 1;
  }
  return std::max(0.0, share);
}

}  // namespace tscope
