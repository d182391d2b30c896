// SPDX-License-Identifier: MIT
#include "analysis/delay/stage.hpp"

#include <algorithm>

namespace tscope {

namespace {

// 1, 2 and 5 times powers of ten, from below the shortest time to above the longest.
std::vector<std::int64_t> edges(std::int64_t shortest, std::int64_t longest) {
  std::vector<std::int64_t> result;
  for (std::int64_t power = 1; power <= 1'000'000'000'000; power *= 10) {
    for (const std::int64_t digit : {1, 2, 5}) {
      const std::int64_t edge = digit * power;
      if (edge * 5 / 2 < shortest) continue;
      result.push_back(edge);
      if (edge > longest) return result;
    }
  }
  return result;
}

}  // namespace

DelayStage stage_of(const Histogram& times, std::int64_t sum, std::int64_t total_sum) {
  DelayStage stage;
  stage.p50_ns = times.quantile(0.5);
  stage.p90_ns = times.quantile(0.9);
  stage.p99_ns = times.quantile(0.99);
  stage.max_ns = times.max();
  stage.sum_ns = sum;
  if (total_sum > 0) stage.share = static_cast<double>(sum) / static_cast<double>(total_sum);
  const std::int64_t shortest = times.count() > 0 ? times.bins().front().from : 0;
  for (const std::int64_t edge : edges(shortest, times.max())) {
    const auto below = static_cast<double>(times.below(edge));
    stage.cdf.push_back(
        {edge, below / static_cast<double>(std::max<std::uint64_t>(1, times.count()))});
  }
  return stage;
}

}  // namespace tscope
