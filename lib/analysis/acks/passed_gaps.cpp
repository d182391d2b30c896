// SPDX-License-Identifier: MIT
#include "analysis/acks/passed_gaps.hpp"

#include <cmath>
#include <vector>

#include "base/bootstrap.hpp"
#include "base/part.hpp"

namespace tscope {

void PassedGaps::add(std::int64_t first_ns, std::int64_t second_ns,
                     const DeliveredSoFar& delivered) {
  const bool follows = has_previous_ && delivered.stretch == previous_.stretch;
  const std::uint64_t before = previous_.wire_bytes(overhead_),
                      now = delivered.wire_bytes(overhead_);
  if (follows && now == before) return;  // it delivered nothing: the gap goes on
  if (follows && now > before && first_ns >= previous_first_ns_ &&
      second_ns >= previous_second_ns_) {
    const std::uint64_t bytes = now - before;
    first_.add(first_ns - previous_first_ns_, bytes);
    second_.add(second_ns - previous_second_ns_, bytes);
  }
  has_previous_ = true;
  previous_first_ns_ = first_ns;
  previous_second_ns_ = second_ns;
  previous_ = delivered;
}

PairShares PassedGaps::shares(double cut, double rate_bps) const {
  PairShares result;
  result.first = part(first_.below(cut, rate_bps), gaps());
  result.second = part(second_.below(cut, rate_bps), gaps());
  // Both keep the same gaps, so the n-th of the one is the n-th of the other.
  std::vector<std::int8_t> rise = second_.compressed(cut, rate_bps);
  const std::vector<std::int8_t> first = first_.compressed(cut, rate_bps);
  std::uint64_t gained = 0, lost = 0;
  for (std::size_t i = 0; i < rise.size(); i++) {
    rise[i] = static_cast<std::int8_t>(rise[i] - first[i]);
    gained += rise[i] > 0 ? 1 : 0;
    lost += rise[i] < 0 ? 1 : 0;
  }
  const double scale =
      rise.empty() ? 1 : static_cast<double>(gaps()) / static_cast<double>(rise.size());
  const auto scaled = [scale](std::uint64_t count) {
    return static_cast<std::uint64_t>(std::llround(scale * static_cast<double>(count)));
  };
  const Interval interval =
      rise_interval(scaled(gained), scaled(lost), gaps(), clustering_of(rise));
  result.rise_low = interval.low;
  result.rise_high = interval.high;
  return result;
}

}  // namespace tscope
