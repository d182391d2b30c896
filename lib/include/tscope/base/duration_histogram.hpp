// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace tscope {

/// Counts of durations (ns) in log-linear bins: memory grows with the number of different
/// durations, at most some tens of thousands of bins, never with the number of samples.
///
/// A duration below 1024 ns is kept exactly; a larger one within 1 part in 1024, so a quantile is
/// too, and min, max and mean are exact.
class DurationHistogram {
 public:
  static constexpr std::uint32_t sub_bins =
      1024;  // in each doubling: the relative error is below 1 / sub_bins

  struct Bin {
    std::int64_t from_ns = 0;
    std::int64_t to_ns = 0;  // exclusive
    std::uint64_t count = 0;
    std::uint64_t weight = 0;
    std::int64_t middle_ns() const { return from_ns + (to_ns - 1 - from_ns) / 2; }
  };

  DurationHistogram() = default;
  /// Samples strictly below exact_ns are counted one by one, not by bins.
  explicit DurationHistogram(std::int64_t exact_ns) : exact_ns_(exact_ns) {}
  /// Exact below 64 ns, a larger one within 1 part in 64: where there are many histograms.
  static DurationHistogram coarse();

  /// weight: something to be summed beside (bytes ACKed by the gap). Negative durations are not
  /// taken.
  void add(std::int64_t ns, std::uint64_t weight = 0);

  std::uint64_t count() const { return count_; }
  std::int64_t max_ns() const { return max_; }

  /// Smallest duration that a share q (0..1) of the samples does not exceed; 0 without samples.
  std::int64_t quantile_ns(double q) const;

  /// Samples strictly below: exact for the constructor's exact_ns; for others by bins, and those of
  /// the bin that holds `ns` do not count.
  std::uint64_t below(std::int64_t ns) const;

  /// Non-empty bins in ascending order.
  std::vector<Bin> bins() const;

 private:
  struct Cell {
    std::uint64_t count = 0;
    std::uint64_t weight = 0;
  };

  int sub_bits_ = std::countr_zero(sub_bins);
  std::unordered_map<std::uint32_t, Cell> cells_;
  std::int64_t exact_ns_ = 0;
  std::uint64_t exact_below_ = 0;
  std::uint64_t count_ = 0;
  std::int64_t max_ = 0;
};

}  // namespace tscope
