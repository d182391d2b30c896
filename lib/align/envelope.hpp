// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "align/clock_sample.hpp"
#include "tscope/align/alignment.hpp"

namespace tscope {

/// Takes samples in any order within some seconds and keeps the least delays of both directions in
/// at most `intervals_max` intervals: memory is bounded.
///
/// The delay of a packet towards the second file, by both clocks, is never below the offset, that
/// of one towards the first never above it. A line that separates both is found by linear
/// programming: the sum of the distances of all intervals' extremes from the envelopes is least (S.
/// Moon, P. Skelly, D. Towsley, "Estimation and removal of clock skew from network delay
/// measurements", INFOCOM 1999, for each direction; here both share the drift), and the offset lies
/// midway between the envelopes. The error is the farthest that any separating line lies from it.
/// Where no line separates them, the clock stepped: the time is cut there. A step smaller than the
/// round trip can't be told from delay.
class EnvelopeAligner {
 public:
  static constexpr std::size_t intervals_max = 1024;
  static constexpr double drift_max = 1e-3;  ///< 1000 ppm: twice what NTP slews

  void add(const ClockSample& sample);
  std::uint64_t samples() const { return samples_; }

  /// resolution_ns: both clocks' steps and errors, added up; a contradiction below it is none.
  Alignment fit(std::int64_t resolution_ns) const;

 private:
  // Delays relative to the first sample's, by their time.
  struct Extreme {
    std::int64_t at_ns = 0;
    std::int64_t delay_ns = 0;
    bool any = false;
  };
  struct Interval {
    Extreme least, most;  // towards the second: least; towards the first: most
  };

  void widen();

  std::vector<Interval> intervals_;
  std::int64_t start_ns_ = 0;  // of the first interval
  std::int64_t base_ns_ = 0;   // delay of the first sample
  std::int64_t width_ns_ = 1'000'000;
  std::uint64_t samples_ = 0;
};

}  // namespace tscope
