// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "base/bootstrap.hpp"
#include "tscope/base/histogram.hpp"

namespace tscope {

/// Returns the gap for each on-wire byte that its ACK delivers, in femtoseconds: the number that is
/// held against the bottleneck's rate.
std::int64_t time_per_byte(std::int64_t gap_ns, std::uint64_t wire_bytes);

/// Returns the time for each byte at `cut` times the service time.
std::int64_t time_per_byte_at(double cut, double rate_bps);

/// The gaps of one stream, each held against the service time of the ACK that ends it, whatever the
/// rate turns out to be. Memory is bounded: counts are of all gaps, intervals of at most 131,072 of
/// them, in stretches spread evenly over the stream.
class ServiceGaps {
 public:
  void add(std::int64_t gap_ns, std::uint64_t wire_bytes);

  std::uint64_t count() const { return gaps_.count(); }
  /// Counts the gaps below `cut` times the service time.
  std::uint64_t below(double cut, double rate_bps) const;
  /// Counts the gaps within `tolerance` (a part of it) of the service time.
  std::uint64_t near(double tolerance, double rate_bps) const;
  /// Returns 1 for each gap below and 0 for each other one, in order, of those kept for intervals.
  std::vector<std::int8_t> compressed(double cut, double rate_bps) const;
  /// Returns the 95 % interval of the share below.
  Interval interval(double cut, double rate_bps) const;

 private:
  static constexpr std::size_t stretch = 256, kept_max = 512 * stretch;

  Histogram gaps_;  // by time_per_byte()
  // In order, rounded as in a histogram of 1024 bins a doubling; of every `every_`th stretch.
  std::vector<std::uint16_t> kept_;
  std::uint64_t every_ = 1;
};

}  // namespace tscope
