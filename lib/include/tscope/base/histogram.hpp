// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace tscope {

/// Counts of values of one unit in log-linear bins: memory grows with the number of different
/// values, at most some tens of thousands of bins, never with the number of samples.
///
/// Values are whole and not negative. Which unit they have is their owner's to say: nanoseconds for
/// durations, thousandths for ratios.
///
/// A value below 1024 is kept exactly; a larger one within 1 part in 1024, so a quantile is too.
/// The maximum is exact.
class Histogram {
 public:
  static constexpr std::uint32_t sub_bins =
      1024;  // in each doubling: the relative error is below 1 / sub_bins

  struct Bin {
    std::int64_t from = 0;
    std::int64_t to = 0;  // exclusive
    std::uint64_t count = 0;
    std::int64_t middle() const { return from + (to - 1 - from) / 2; }
  };

  Histogram() = default;
  /// Samples strictly below `limit` are counted one by one, not by bins.
  explicit Histogram(std::int64_t limit) : exact_limit_(limit) {}
  /// Returns one that is exact below 64, and within 1 part in 64 above: where there are many
  /// histograms.
  static Histogram coarse();

  /// Adds a sample. Negative values are not taken.
  void add(std::int64_t value);

  std::uint64_t count() const { return count_; }
  std::int64_t max() const { return max_; }

  /// Returns the smallest value that a share q (0..1) of the samples does not exceed; 0 without
  /// samples.
  std::int64_t quantile(double q) const;

  /// Counts the samples strictly below `value`: exactly for the constructor's limit; for others by
  /// bins, and those of the bin that holds `value` do not count.
  std::uint64_t below(std::int64_t value) const;

  /// Returns the bins that are not empty, in ascending order.
  std::vector<Bin> bins() const;

 private:
  struct Cell {
    std::uint32_t bin = 0;
    std::uint64_t count = 0;  // 0: no bin's yet
  };

  Cell& cell_of(std::uint32_t bin);
  void grow();

  int sub_bits_ = std::countr_zero(sub_bins);
  // A hash table without lists: a bin is in the first cell that is its own from the one that its
  // hash names. A power of two, of which three in four are used at most.
  std::vector<Cell> cells_;
  std::size_t used_ = 0;
  std::int64_t exact_limit_ = 0;
  std::uint64_t exact_below_ = 0;
  std::uint64_t count_ = 0;
  std::int64_t max_ = 0;
};

}  // namespace tscope
