// SPDX-License-Identifier: MIT
#include "live/nic/nic_clock.hpp"

#include <algorithm>
#include <cmath>

namespace tscope {

namespace {

constexpr std::uint32_t nominal_khz = 1'000'000;  // it counts nanoseconds

// Quartzes differ by 100 ppm, and a PTP daemon corrects them; more between two readings is a jump.
constexpr double jump_ns = 1e6, slew = 1e-3;

Anchor anchor_of(std::uint64_t nic_ns, std::int64_t time_ns, std::int64_t width_ns) {
  const auto time = static_cast<std::uint64_t>(time_ns);
  return {nic_ns, static_cast<std::uint64_t>(width_ns), time, time};
}

}  // namespace

bool NicClock::was_set(std::uint64_t nic_ns, std::int64_t time_ns) const {
  const auto elapsed = static_cast<double>(time_ns - last_time_ns_);
  const auto counted = static_cast<double>(static_cast<std::int64_t>(nic_ns - last_nic_ns_));
  return std::abs(counted - elapsed) > std::max(jump_ns, elapsed * slew);
}

void NicClock::add(std::uint64_t nic_ns, std::int64_t time_ns, std::int64_t width_ns) {
  const bool goes_on = model_.has_value() && !still_;
  still_ = model_.has_value() && nic_ns == last_nic_ns_;
  if (still_) return;
  const Anchor anchor = anchor_of(nic_ns, time_ns, width_ns);
  if (!goes_on) {
    model_.emplace(anchor, nominal_khz);
  } else if (was_set(nic_ns, time_ns)) {
    worst_ns_ = error_ns();
    steps_++;
    model_.emplace(anchor, nominal_khz);
  } else {
    model_->add(anchor);
  }
  last_nic_ns_ = nic_ns;
  last_time_ns_ = time_ns;
}

std::optional<std::int64_t> NicClock::to_ns(std::uint64_t nic_ns) const {
  if (!model_ || still_) return std::nullopt;
  return model_->to_ns(nic_ns);
}

std::int64_t NicClock::error_ns() const {
  return std::max(worst_ns_, model_ ? model_->info().error_ns : 0);
}

}  // namespace tscope
