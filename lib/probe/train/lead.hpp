// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>

namespace tscope {

/// How long before its time a sender asks to be woken, from how late it was woken so far: near the
/// 99th percentile of these (stochastic approximation, Robbins and Monro 1951: up by 99 steps, down
/// by one), and then half as much again.
class Lead {
 public:
  Lead(std::int64_t first_ns, std::int64_t most_ns)
      : most_(std::max(most_ns, least)), estimate_(std::clamp(first_ns, least, most_)) {}

  std::int64_t ns() const { return std::clamp(estimate_ + estimate_ / 2, least, most_); }

  void woken_late_by(std::int64_t ns) {
    const std::int64_t step = std::max<std::int64_t>(estimate_ / 1024, 1);
    estimate_ = std::clamp(ns > estimate_ ? estimate_ + 99 * step : estimate_ - step, least, most_);
  }

 private:
  static constexpr std::int64_t least = 5'000;

  std::int64_t most_;
  std::int64_t estimate_;
};

}  // namespace tscope
