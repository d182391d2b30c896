// SPDX-License-Identifier: MIT
#include "analysis/replies/dispersion.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "report/replies_json.hpp"
#include "tscope/report/replies.hpp"
#include "unit/analysis/replies/reply_path.hpp"

namespace tscope {
namespace {

using test::SyntheticPath;

constexpr std::int64_t pair_distance_ns = 10'000'000;
constexpr std::uint32_t payload = 1000, ip_payload = payload + 28;

// A link of a rate in the way there: a probe waits until the one before it has left.
void through_link(SyntheticPath& path, double bps,
                  std::function<std::int64_t(std::uint32_t)> cross) {
  const auto free_at = std::make_shared<std::int64_t>(INT64_MIN);
  const auto service = static_cast<std::int64_t>(std::llround(ip_payload * 8e9 / bps));
  const auto sent_at = path.sent_at;
  path.extra_there = [=](std::uint32_t i) {
    const std::int64_t arrives = sent_at(i);
    const std::int64_t begins = std::max(arrives, *free_at);
    *free_at = begins + service + (cross ? cross(i) : 0);
    return begins + service - arrives;
  };
}

SyntheticPath pairs(std::int64_t gap_ns) {
  SyntheticPath path;
  path.count = 400;
  path.sent_at = [gap_ns](std::uint32_t i) {
    return (i / 2) * pair_distance_ns + (i % 2) * gap_ns;
  };
  return path;
}

ReplyReport report_of(SyntheticPath& path, ProbeGroup group, std::uint32_t size = 2) {
  path.run();
  for (SentProbe& probe : path.sent) probe.size = payload;
  ReplyOptions options;
  options.group = group;
  options.group_size = size;
  return path.report(options);
}

TEST(Dispersion, CapacityFromPairs) {
  auto path = pairs(10'000);
  // Every third pair has a packet of others between its two.
  through_link(path, 100e6, [](std::uint32_t i) { return i % 6 == 0 ? 60'000 : 0; });
  path.lost_there = {40, 81};
  const auto d = report_of(path, ProbeGroup::pairs).dispersion;
  EXPECT_EQ(d.groups, 200);
  EXPECT_EQ(d.incomplete, 2);
  EXPECT_EQ(d.sent_gap.p50, 10'000);
  ASSERT_GE(d.modes.size(), 2);
  EXPECT_NEAR(d.capacity_bps, 100e6, 1e6);
  EXPECT_NEAR(d.modes[1].bps, ip_payload * 8 / (142.24e-6), 1e6);
  EXPECT_FALSE(d.capacity_is_bound);
  EXPECT_NEAR(d.rate_ratio_p50, 10'000.0 / 82'240, 0.001);
}

TEST(Dispersion, PairsThatArriveAsTheyLeftBoundIt) {
  auto path = pairs(200'000);
  through_link(path, 100e6, nullptr);
  const auto report = report_of(path, ProbeGroup::pairs);
  EXPECT_TRUE(report.dispersion.capacity_is_bound);
  EXPECT_THAT(reply_text(report), testing::HasSubstr("at least"));
  EXPECT_EQ(reply_object(report)["dispersion"]["pairs"].size(), 200);
}

TEST(Dispersion, PairsWithOneStamp) {
  auto path = pairs(0);
  const auto d = report_of(path, ProbeGroup::pairs).dispersion;
  EXPECT_EQ(d.unresolved, 200);
  EXPECT_EQ(d.capacity_bps, 0);
}

constexpr std::uint32_t chirp_size = 20;

// 50 chirps with gaps of 1 ms, each 1.2 times shorter than the one before: 8 to 210 Mbit/s.
SyntheticPath chirps_through(double link_bps) {
  SyntheticPath path;
  path.count = 50 * chirp_size;
  path.sent_at = [](std::uint32_t i) {
    double at = (i / chirp_size) * 50e6;
    for (std::uint32_t k = 0; k < i % chirp_size; k++) at += 1e6 / std::pow(1.2, k);
    return static_cast<std::int64_t>(at);
  };
  through_link(path, link_bps, nullptr);
  return path;
}

TEST(Dispersion, ChirpsFindWhereQueueingBegins) {
  SyntheticPath path = chirps_through(50e6);
  const auto report = report_of(path, ProbeGroup::chirp, chirp_size);
  const auto& d = report.dispersion;
  EXPECT_EQ(d.groups, 50);
  EXPECT_EQ(d.incomplete, 0);
  ASSERT_EQ(d.steps.size(), chirp_size - 1);
  EXPECT_NEAR(d.steps.front().rate_ratio, 1, 0.01);
  EXPECT_NEAR(d.steps.back().rate_ratio, 50e6 / d.steps.back().rate_bps, 0.02);
  EXPECT_GT(d.steps.back().queueing_ns, d.steps.front().queueing_ns);
  EXPECT_DOUBLE_EQ(d.steps.back().excursion_share, 1);
  EXPECT_FALSE(d.available_is_bound);
  // The estimate is one of the chirp's rates: 1.2 apart.
  EXPECT_GT(d.available_bps, 50e6 / 1.21);
  EXPECT_LT(d.available_bps, 50e6 * 1.21);
}

// A path faster than the fastest step, or filled only in a chirp's last steps: too few for an
// excursion.
TEST(Dispersion, ChirpsThatNeverFillThePathBoundIt) {
  for (const double link_bps : {10e9, 160e6}) {
    SyntheticPath path = chirps_through(link_bps);
    const auto d = report_of(path, ProbeGroup::chirp, chirp_size).dispersion;
    EXPECT_TRUE(d.available_is_bound) << link_bps;
    EXPECT_LE(d.available_bps, link_bps * 1.06) << link_bps;
    EXPECT_GT(d.available_bps, 120e6) << link_bps;
    const double fastest = d.steps.back().rate_bps;
    if (link_bps > fastest) {
      EXPECT_DOUBLE_EQ(d.available_bps, fastest);
    }
  }
}

TEST(Dispersion, AnExcursionThatEndsIsNoOnset) {
  ChirpShape chirp;
  chirp.queueing_ns = {0, 100, 200, 300, 400, 350, 100, 0, 0, 0};
  for (int k = 0; k < 9; k++) {
    chirp.gap_ns.push_back(1000);
    chirp.rate_bps.push_back(1e6 * (k + 1));
  }
  const auto excursion = chirp_excursion(chirp);
  EXPECT_FALSE(excursion.onset);
  // Steps 0..3 rise within the excursion: their own rates; the rest: the last.
  EXPECT_DOUBLE_EQ(excursion.available_bps, (1 + 2 + 3 + 4 + 5 * 9) * 1e6 / 9);
}

TEST(Dispersion, Modes) {
  std::vector<double> rates;
  for (int i = 0; i < 60; i++) rates.push_back(100 + 0.01 * i);
  for (int i = 0; i < 40; i++) rates.push_back(60 + 0.01 * i);
  const auto modes = rate_modes(rates);
  ASSERT_EQ(modes.size(), 2);
  EXPECT_EQ(modes[0].count, 60);
  EXPECT_NEAR(modes[0].bps, 100.3, 0.01);
  EXPECT_EQ(modes[1].count, 40);
  EXPECT_TRUE(rate_modes({}).empty());
}

}  // namespace
}  // namespace tscope
