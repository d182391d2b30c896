// SPDX-License-Identifier: MIT
#include "base/bootstrap.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/student.hpp"

namespace tscope {

namespace {

constexpr std::size_t values_min = 16;
constexpr double blocks_min = 8;
constexpr double clusters_min = 6;
constexpr double clustered_from = 1.3;
// Gaps that alternate by a fixed pattern all but fix their share.
constexpr double factor_min = 0.1;

// The blocks are few, so the variance is known with an error of its own.
double quantile(double blocks) {
  return student_quantile(blocks - 1);
}

double autocovariance(std::span<const std::int8_t> values, double mean, std::size_t lag) {
  const std::size_t n = values.size();
  std::int64_t products = 0, heads = 0, tails = 0;
  for (std::size_t i = 0; i + lag < n; i++) products += std::int64_t{values[i]} * values[i + lag];
  for (std::size_t i = 0; i + lag < n; i++) heads += values[i];
  for (std::size_t i = lag; i < n; i++) tails += values[i];
  return (static_cast<double>(products) - mean * static_cast<double>(heads + tails) +
          mean * mean * static_cast<double>(n - lag)) /
         static_cast<double>(n);
}

double flat_top(double x) {
  x = std::abs(x);
  return x <= 0.5 ? 1 : x <= 1 ? 2 * (1 - x) : 0;
}

struct Length {
  std::size_t block = 1;
  double density = 0;  // the long-run variance by the same autocovariances
};

Length block_length(std::span<const std::int8_t> values, double mean, double variance) {
  const auto n = static_cast<double>(values.size());
  const auto quiet = static_cast<std::size_t>(std::max(5.0, std::ceil(std::log10(n))));
  const auto lags_max = static_cast<std::size_t>(std::ceil(std::sqrt(n))) + quiet;
  const double small = 2 * std::sqrt(std::log10(n) / n);
  std::vector<double> covariance{variance};
  std::size_t run = 0;
  while (covariance.size() <= lags_max && run < quiet) {
    covariance.push_back(autocovariance(values, mean, covariance.size()));
    run = std::abs(covariance.back()) < small * variance ? run + 1 : 0;
  }
  const std::size_t last = covariance.size() - 1 - run;  // the last lag that matters
  const std::size_t width = std::min(2 * std::max<std::size_t>(1, last), lags_max);
  double g = 0, density = variance;
  for (std::size_t k = 1; k <= width; k++) {
    if (k == covariance.size()) covariance.push_back(autocovariance(values, mean, k));
    const double weighted =
        2 * flat_top(static_cast<double>(k) / static_cast<double>(width)) * covariance[k];
    g += weighted * static_cast<double>(k);
    density += weighted;
  }
  if (density <= 0) return {1, variance};
  const double best = std::cbrt(2 * g * g / (4.0 / 3 * density * density)) * std::cbrt(n);
  const double block = std::clamp(std::ceil(best), 1.0, std::max(1.0, n / blocks_min));
  return {static_cast<std::size_t>(block), density};
}

// Runs of values that are not 0 between such that are.
double clusters_of(std::span<const std::int8_t> values) {
  std::size_t begins = 0, ends = 0;
  for (std::size_t i = 1; i < values.size(); i++) {
    begins += values[i] != 0 && values[i - 1] == 0 ? 1 : 0;
    ends += values[i] == 0 && values[i - 1] != 0 ? 1 : 0;
  }
  return static_cast<double>(std::min(begins, ends));
}

}  // namespace

Clustering clustering_of(std::span<const std::int8_t> values) {
  const std::size_t n = values.size();
  Clustering result;
  result.blocks = static_cast<double>(std::max<std::size_t>(1, n));
  if (n < values_min) return result;
  const double mean =
      static_cast<double>(std::accumulate(values.begin(), values.end(), std::int64_t{0})) /
      static_cast<double>(n);
  const double variance = autocovariance(values, mean, 0);
  if (variance <= 0) return result;
  const auto [block, density] = block_length(values, mean, variance);
  std::int64_t sum = std::accumulate(values.begin(), values.begin() + block, std::int64_t{0});
  double squares = 0;
  for (std::size_t i = 0; i < n; i++) {
    const double deviation = static_cast<double>(sum) / static_cast<double>(block) - mean;
    squares += deviation * deviation;
    sum += values[(i + block) % n] - values[i];
  }
  const double of_blocks = squares / static_cast<double>(n) * static_cast<double>(block);
  result.block = block;
  result.blocks = static_cast<double>(n) / static_cast<double>(block);
  // A block's mean is held against the mean of all, of which it is a part.
  const double shrunk = 1 - 1 / result.blocks;
  // Blocks cut clusters at their ends, so they show a little too little of them.
  result.factor = std::max({factor_min, of_blocks / shrunk / variance, density / variance});
  // Of how long clusters are there is no more evidence than there are clusters.
  if (result.factor > clustered_from) {
    result.blocks = std::min(result.blocks, std::max(clusters_min, clusters_of(values)));
  }
  return result;
}

Interval share_interval(std::uint64_t part, std::uint64_t whole, const Clustering& clustering) {
  if (whole == 0) return {0, 1};
  const double n = static_cast<double>(whole) / clustering.factor;
  const double p = static_cast<double>(part) / static_cast<double>(whole);
  const double z = quantile(clustering.blocks), zz = z * z;
  const double middle = (p + zz / (2 * n)) / (1 + zz / n);
  const double half = z / (1 + zz / n) * std::sqrt(p * (1 - p) / n + zz / (4 * n * n));
  return {std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

Interval rise_interval(std::uint64_t gained, std::uint64_t lost, std::uint64_t whole,
                       const Clustering& clustering) {
  if (whole == 0) return {-1, 1};
  const double n = static_cast<double>(whole) / clustering.factor;
  const double scale = 1 / clustering.factor;
  const double up = (static_cast<double>(gained) * scale + 1) / (n + 2);
  const double down = (static_cast<double>(lost) * scale + 1) / (n + 2);
  const double half = quantile(clustering.blocks) *
                      std::sqrt(std::max(0.0, up + down - (up - down) * (up - down)) / (n + 2));
  return {std::max(-1.0, up - down - half), std::min(1.0, up - down + half)};
}

}  // namespace tscope
