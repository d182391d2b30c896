// SPDX-License-Identifier: MIT
#include "base/bootstrap.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <vector>

namespace tscope {
namespace {

constexpr int runs = 1000;

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

TEST(Bootstrap, SharesIntervalsHoldTheTruthAsOftenAsTheySay) {
  for (const double share : {0.05, 0.1, 0.3}) {
    for (const double length : {1.0, 4.0}) {
      int held = 0;
      for (int run = 0; run < runs; run++) {
        std::mt19937_64 random(static_cast<unsigned>(run));
        const auto values = clustered(random, 3000, share, length);
        const Interval i = share_interval(ones(values), values.size(), clustering_of(values));
        held += i.low <= share && share <= i.high ? 1 : 0;
      }
      EXPECT_GE(held, 930) << share << " in runs of " << length;
      EXPECT_LE(held, 970) << share << " in runs of " << length;
    }
  }
}

TEST(Bootstrap, RisesIntervalsHoldTheTruthAsOftenAsTheySay) {
  for (const double length : {1.0, 4.0}) {
    int held = 0;
    for (int run = 0; run < runs; run++) {
      std::mt19937_64 random(static_cast<unsigned>(run));
      const auto second = clustered(random, 3000, 0.3, length);
      const auto first = clustered(random, 3000, 0.1, length);
      std::vector<std::int8_t> rise(second.size());
      std::uint64_t gained = 0, lost = 0;
      for (std::size_t i = 0; i < rise.size(); i++) {
        rise[i] = static_cast<std::int8_t>(second[i] - first[i]);
        gained += rise[i] > 0 ? 1 : 0;
        lost += rise[i] < 0 ? 1 : 0;
      }
      const Interval i = rise_interval(gained, lost, rise.size(), clustering_of(rise));
      held += i.low <= 0.2 && 0.2 <= i.high ? 1 : 0;
    }
    EXPECT_GE(held, 930) << length;
    EXPECT_LE(held, 970) << length;
  }
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
