// SPDX-License-Identifier: MIT
#include "base/bootstrap.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "unit/base/coverage.hpp"

namespace tscope {
namespace {

using test::Coverage;

/// Ones in runs of `length` on average, and zeros between: a share of `share` in the long run.
std::vector<std::int8_t> clustered(std::mt19937_64& random, std::size_t count, double share,
                                   double length) {
  std::uniform_real_distribution<double> draw;
  const double leave = 1 / length, enter = leave * share / (1 - share);
  bool one = draw(random) < share;
  std::vector<std::int8_t> values(count);
  for (std::int8_t& value : values) {
    value = one ? 1 : 0;
    one = length == 1 ? draw(random) < share : one ? draw(random) >= leave : draw(random) < enter;
  }
  return values;
}

std::uint64_t ones(const std::vector<std::int8_t>& values) {
  return static_cast<std::uint64_t>(std::accumulate(values.begin(), values.end(), 0));
}

struct Stream {
  std::size_t values;
  double share, cluster;  ///< of ones, and the mean length of their runs

  std::string name() const {
    return "of_" + std::to_string(values) + "_" + std::to_string(std::lround(100 * share)) +
           "_percent_in_" + std::to_string(std::lround(cluster));
  }
};

// From five clusters on.
TEST(Bootstrap, SharesIntervalsHoldTheTruthAsOftenAsTheySay) {
  for (const Stream& stream :
       {Stream{100, 0.05, 1}, Stream{100, 0.3, 4}, Stream{300, 0.3, 10}, Stream{300, 0.1, 4},
        Stream{1000, 0.05, 10}, Stream{1000, 0.5, 30}, Stream{3000, 0.05, 1}, Stream{3000, 0.05, 4},
        Stream{3000, 0.1, 1}, Stream{3000, 0.1, 4}, Stream{3000, 0.3, 1}, Stream{3000, 0.3, 4}}) {
    Coverage coverage(stream.name());
    for (unsigned run = 0; run < Coverage::runs; run++) {
      std::mt19937_64 random(run);
      const auto values = clustered(random, stream.values, stream.share, stream.cluster);
      const Interval i = share_interval(ones(values), values.size(), clustering_of(values));
      coverage.add(i.low <= stream.share && stream.share <= i.high);
    }
    coverage.expect_interval();
  }
}

TEST(Bootstrap, RisesIntervalsHoldTheTruthAsOftenAsTheySay) {
  for (const Stream& stream : {Stream{200, 0.3, 1}, Stream{300, 0.3, 4}, Stream{3000, 0.3, 1},
                               Stream{3000, 0.3, 4}, Stream{3000, 0.12, 4}}) {
    Coverage coverage(stream.name());
    for (unsigned run = 0; run < Coverage::runs; run++) {
      std::mt19937_64 random(run);
      const auto second = clustered(random, stream.values, stream.share, stream.cluster);
      const auto first = clustered(random, stream.values, 0.1, stream.cluster);
      std::vector<std::int8_t> rise(second.size());
      std::uint64_t gained = 0, lost = 0;
      for (std::size_t i = 0; i < rise.size(); i++) {
        rise[i] = static_cast<std::int8_t>(second[i] - first[i]);
        gained += rise[i] > 0 ? 1 : 0;
        lost += rise[i] < 0 ? 1 : 0;
      }
      const double truth = stream.share - 0.1;
      const Interval i = rise_interval(gained, lost, rise.size(), clustering_of(rise));
      coverage.add(i.low <= truth && truth <= i.high);
    }
    coverage.expect_interval();
  }
}

// Three to five ACKs in each slot: one gap between slots, the others short.
TEST(Bootstrap, WhatAlternatesHasANarrowInterval) {
  Coverage coverage("slots");
  double widths = 0;
  for (unsigned run = 0; run < Coverage::runs; run++) {
    std::mt19937_64 random(run);
    std::vector<std::int8_t> values;
    while (values.size() < 3000) {
      values.push_back(0);
      values.insert(values.end(), 2 + random() % 3, 1);
    }
    values.resize(3000);
    const Interval i = share_interval(ones(values), values.size(), clustering_of(values));
    coverage.add(i.low <= 0.75 && 0.75 <= i.high);
    widths += i.high - i.low;
  }
  coverage.expect_wide_interval();
  EXPECT_LT(widths / Coverage::runs, 0.02) << "independent ones: 0.031";
}

TEST(Bootstrap, ClustersWidenTheInterval) {
  std::mt19937_64 random(1);
  EXPECT_LT(clustering_of(clustered(random, 5000, 0.2, 1)).factor, 1.5);
  EXPECT_GT(clustering_of(clustered(random, 5000, 0.2, 10)).factor, 6);
}

TEST(Bootstrap, OfNothingOrOneValueNothingIsSaid) {
  EXPECT_EQ(share_interval(0, 0, {}).high, 1);
  EXPECT_EQ(clustering_of({}).factor, 1);
  const std::vector<std::int8_t> same(1000, 1);
  EXPECT_EQ(clustering_of(same).factor, 1);
  EXPECT_NEAR(share_interval(1000, 1000, clustering_of(same)).low, 0.996, 0.001);
  EXPECT_EQ(rise_interval(0, 0, 0, {}).low, -1);
}

}  // namespace
}  // namespace tscope
