// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "align/clock_sample.hpp"
#include "tscope/align/alignment.hpp"

namespace tscope {

/// Least squares on packets at rest: those that no other packet preceded for `rest_ns` at either
/// vantage point, so that they had nothing to wait for. One drift, an offset for each direction;
/// midway between them is taken (J. Whiteaker, F. Schneider, R. Teixeira, "Explaining packet delays
/// under virtualization", 2011, section 3.2, with one direction).
class AtRestAligner {
 public:
  static constexpr std::int64_t rest_ns = 10'000'000;

  void add(const ClockSample& sample);
  /// Nothing with fewer than three samples at rest.
  std::optional<Alignment> fit(std::int64_t resolution_ns) const;

 private:
  struct Sums {
    double count = 0, t = 0, d = 0, tt = 0, td = 0, dd = 0;
  };

  Sums towards_[2];
  bool any_ = false;
  std::int64_t start_ns_ = 0, base_ns_ = 0, last_first_ns_ = 0, last_second_ns_ = 0;
};

}  // namespace tscope
