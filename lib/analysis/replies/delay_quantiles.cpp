// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <numeric>

#include "tscope/analysis/replies.hpp"

namespace tscope {

DelayQuantiles delay_quantiles(std::vector<std::int64_t> values) {
  DelayQuantiles result;
  result.count = values.size();
  if (values.empty()) return result;
  std::ranges::sort(values);
  const auto at = [&](double q) {
    const double rank = std::ceil(q * static_cast<double>(values.size()));
    return values[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
  };
  result.min = values.front();
  result.p01 = at(0.01);
  result.p50 = at(0.5);
  result.p90 = at(0.9);
  result.p99 = at(0.99);
  result.max = values.back();
  // Relative to the least, so that no sum loses its low digits.
  const double sum = std::accumulate(values.begin(), values.end(), 0.0, [&](double s, auto v) {
    return s + static_cast<double>(v - values.front());
  });
  result.mean = static_cast<double>(values.front()) + sum / static_cast<double>(values.size());
  return result;
}

Reordering reordering_of(const std::vector<std::uint64_t>& sequence) {
  Reordering result;
  result.packets = sequence.size();
  // Those that were the highest so far: the earliest one above a late number is always among them.
  std::vector<std::size_t> highest;
  std::uint64_t extents = 0;
  for (std::size_t i = 0; i < sequence.size(); i++) {
    if (highest.empty() || sequence[i] > sequence[highest.back()]) {
      highest.push_back(i);
      continue;
    }
    const auto above = std::ranges::upper_bound(highest, sequence[i], {},
                                                [&](std::size_t at) { return sequence[at]; });
    const std::uint64_t extent = i - *above;
    result.reordered++;
    extents += extent;
    result.extent_max = std::max(result.extent_max, extent);
  }
  if (result.packets > 0) {
    result.ratio = static_cast<double>(result.reordered) / static_cast<double>(result.packets);
  }
  if (result.reordered > 0) {
    result.extent_mean = static_cast<double>(extents) / static_cast<double>(result.reordered);
  }
  return result;
}

}  // namespace tscope
