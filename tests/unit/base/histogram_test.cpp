// SPDX-License-Identifier: MIT
#include "tscope/base/histogram.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace tscope {
namespace {

TEST(Histogram, QuantilesAreWithinTheStatedError) {
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> distribution(12, 3);
  Histogram histogram;
  std::vector<std::int64_t> values;
  for (int i = 0; i < 20001; i++) {
    values.push_back(static_cast<std::int64_t>(distribution(random)));
    histogram.add(values.back());
  }
  std::ranges::sort(values);
  for (const double q : {0.0001, 0.01, 0.5, 0.9, 0.99, 0.9999, 1.0}) {
    const auto rank =
        static_cast<std::size_t>(std::max(1.0, std::ceil(q * static_cast<double>(values.size()))));
    const auto truth = static_cast<double>(values[rank - 1]);
    EXPECT_NEAR(static_cast<double>(histogram.quantile(q)), truth,
                truth / Histogram::sub_bins + 0.5)
        << q;
  }
  EXPECT_EQ(histogram.max(), values.back());
  EXPECT_EQ(histogram.quantile(1.0), std::min(histogram.quantile(1.0), values.back()));
}

TEST(Histogram, SmallValuesAreExact) {
  Histogram histogram;
  for (std::int64_t ns = 0; ns < 2048; ns++) histogram.add(ns);
  EXPECT_EQ(histogram.bins().size(), 2048U);
  EXPECT_EQ(histogram.below(100), 100U);
  EXPECT_EQ(histogram.quantile(0.25), 511);
}

TEST(Histogram, BinsCoverEveryValueOnce) {
  Histogram histogram;
  for (int bit = 0; bit < 62; bit++) {
    for (const std::int64_t around : {-1, 0, 1}) histogram.add((std::int64_t{1} << bit) + around);
  }
  std::int64_t end = 0;
  std::uint64_t count = 0;
  for (const auto& bin : histogram.bins()) {
    EXPECT_GE(bin.from, end);
    EXPECT_GT(bin.to, bin.from);
    end = bin.to;
    count += bin.count;
  }
  EXPECT_EQ(count, 62U * 3);
}

TEST(Histogram, NegativeValuesAreNotTaken) {
  Histogram histogram;
  histogram.add(-1);
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.quantile(0.5), 0);
}

}  // namespace
}  // namespace tscope
