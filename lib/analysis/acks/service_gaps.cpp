// SPDX-License-Identifier: MIT
#include "analysis/acks/service_gaps.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace tscope {

namespace {

constexpr double femtoseconds_per_bit = 8e15;
constexpr int mantissa_bits = 10;

// The order of values is kept: 6 bits of exponent, 10 of mantissa.
std::uint16_t rounded(std::int64_t value) {
  const auto v = static_cast<std::uint64_t>(value);
  const int exponent = std::max(0, static_cast<int>(std::bit_width(v)) - 1 - mantissa_bits);
  return static_cast<std::uint16_t>((static_cast<std::uint64_t>(exponent) << mantissa_bits) +
                                    (v >> exponent));
}

}  // namespace

std::int64_t time_per_byte(std::int64_t gap_ns, std::uint64_t wire_bytes) {
  const double each = static_cast<double>(gap_ns) * 1e6 / static_cast<double>(wire_bytes);
  return static_cast<std::int64_t>(std::min(each, 4e18));
}

std::int64_t time_per_byte_at(double cut, double rate_bps) {
  return std::llround(cut * femtoseconds_per_bit / rate_bps);
}

void ServiceGaps::add(std::int64_t gap_ns, std::uint64_t wire_bytes) {
  if (wire_bytes == 0 || gap_ns < 0) return;
  const std::int64_t each = time_per_byte(gap_ns, wire_bytes);
  const std::uint64_t place = gaps_.count() / stretch;
  gaps_.add(each);
  if (place % every_ != 0) return;
  if (kept_.size() == kept_max) {
    // Every second stretch goes.
    for (std::size_t i = 0; i < kept_max / 2; i++) {
      kept_[i] = kept_[i / stretch * 2 * stretch + i % stretch];
    }
    kept_.resize(kept_max / 2);
    every_ *= 2;
    if (place % every_ != 0) return;
  }
  kept_.push_back(rounded(each));
}

std::uint64_t ServiceGaps::below(double cut, double rate_bps) const {
  return gaps_.below(time_per_byte_at(cut, rate_bps));
}

std::uint64_t ServiceGaps::near(double tolerance, double rate_bps) const {
  return below(1 + tolerance, rate_bps) - below(1 - tolerance, rate_bps);
}

std::vector<std::int8_t> ServiceGaps::compressed(double cut, double rate_bps) const {
  const std::uint16_t least = rounded(time_per_byte_at(cut, rate_bps));
  std::vector<std::int8_t> result;
  result.reserve(kept_.size());
  for (const std::uint16_t each : kept_) result.push_back(each < least ? 1 : 0);
  return result;
}

Interval ServiceGaps::interval(double cut, double rate_bps) const {
  Clustering clustering = clustering_of(compressed(cut, rate_bps));
  // Those that were not kept tell as much.
  if (!kept_.empty()) {
    clustering.blocks *= static_cast<double>(count()) / static_cast<double>(kept_.size());
  }
  return share_interval(below(cut, rate_bps), count(), clustering);
}

}  // namespace tscope
