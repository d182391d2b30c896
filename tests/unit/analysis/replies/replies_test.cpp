// SPDX-License-Identifier: MIT
#include "tscope/analysis/replies.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "report/replies_json.hpp"
#include "tscope/base/error.hpp"
#include "tscope/report/replies.hpp"
#include "unit/analysis/replies/reply_path.hpp"

namespace tscope {
namespace {

using test::SyntheticPath;

std::set<std::uint32_t> choose(std::uint64_t seed, std::uint32_t of, double share) {
  std::mt19937_64 random(seed);
  std::set<std::uint32_t> chosen;
  for (std::uint32_t i = 0; i < of; i++) {
    if (static_cast<double>(random() >> 11) * 0x1p-53 < share) chosen.insert(i);
  }
  return chosen;
}

TEST(Replies, CleanPath) {
  SyntheticPath path;
  path.run();
  const auto report = path.report();
  EXPECT_EQ(report.sent, 1000);
  EXPECT_EQ(report.answered, 1000);
  EXPECT_EQ(report.loss.lost, 0);
  EXPECT_EQ(report.round_trip.delay.min, 500'000);
  EXPECT_EQ(report.round_trip.delay.max, 500'000);
  EXPECT_EQ(report.residence.p50, 20'000);
  EXPECT_EQ(report.forward.sent_gap.p50, 1'000'000);
  EXPECT_EQ(report.forward.arrival_gap.max, 1'000'000);
  EXPECT_EQ(report.forward.ipdv.max, 0);
  EXPECT_EQ(report.forward.pdv.max, 0);
  EXPECT_EQ(report.round_trip.reordering.reordered, 0);
  EXPECT_EQ(report.ttl_min, 63);
}

TEST(Replies, LossOfBothDirectionsIsTold) {
  for (std::uint64_t seed = 1; seed <= 20; seed++) {
    SyntheticPath path;
    path.seed = seed;
    path.count = 2000;
    path.lost_there = choose(seed, path.count, 0.05);
    path.lost_back = choose(seed + 100, path.count, 0.08);
    path.run();
    path.greet();
    const auto report = path.report();
    std::uint64_t back = 0;
    for (const std::uint32_t i : path.lost_back) back += path.lost_there.contains(i) ? 0 : 1;
    EXPECT_EQ(report.loss.forward, path.lost_there.size()) << seed;
    EXPECT_EQ(report.loss.backward, back) << seed;
    EXPECT_EQ(report.loss.undetermined, 0) << seed;
    EXPECT_EQ(report.loss.lost, path.lost_there.size() + back);
  }
}

TEST(Replies, WithoutGreetingTheEndsStayOpen) {
  SyntheticPath path;
  path.count = 100;
  path.first_sequence = 50;
  path.lost_there = {0, 30, 98};
  path.lost_back = {1, 40, 99};
  path.run();
  const auto report = path.report();
  EXPECT_EQ(report.stateful, true);
  EXPECT_EQ(report.loss.forward, 1);
  EXPECT_EQ(report.loss.backward, 1);
  EXPECT_EQ(report.loss.undetermined, 4);
  EXPECT_EQ(report.loss.periods, 4);
  EXPECT_EQ(report.loss.longest, 2);
}

TEST(Replies, NumberZeroOpensASession) {
  SyntheticPath path;
  path.count = 100;
  path.lost_there = {0, 1};
  path.run();
  EXPECT_EQ(path.report().loss.forward, 2);
  EXPECT_EQ(path.report().loss.undetermined, 0);
}

TEST(Replies, OneDirectionAloneNeedsTheGreeting) {
  SyntheticPath path;
  path.count = 100;
  path.lost_back = {3, 4, 99};
  path.run();
  EXPECT_EQ(path.report().stateful, std::nullopt);
  EXPECT_EQ(path.report().loss.undetermined, 3);
  path.greet();
  EXPECT_EQ(path.report().loss.backward, 3);
  EXPECT_EQ(path.report().loss.forward, 0);
}

TEST(Replies, AStatelessReflectorTellsNoDirection) {
  SyntheticPath path;
  path.count = 100;
  path.stateful = false;
  path.lost_there = {10};
  path.lost_back = {20};
  path.run();
  path.greet();
  EXPECT_EQ(path.report().loss.undetermined, 2);
}

TEST(Replies, NothingArrives) {
  SyntheticPath path;
  path.count = 10;
  path.lost_back = choose(1, 10, 2);
  path.run();
  auto report = path.report();
  EXPECT_EQ(report.loss.undetermined, 10);
  EXPECT_THAT(reply_text(report), testing::HasSubstr("is a reflector there"));
  path.greet();
  EXPECT_EQ(path.report().loss.backward, 10);
  EXPECT_EQ(analyse_replies({}, {}, {}).sent, 0);
}

TEST(Replies, DuplicatesByDirection) {
  SyntheticPath path;
  path.doubled_there = choose(3, path.count, 0.02);
  path.doubled_back = choose(4, path.count, 0.03);
  for (const std::uint32_t i : path.doubled_there) path.doubled_back.erase(i);
  path.lost_there = choose(5, path.count, 0.05);
  for (const std::uint32_t i : path.lost_there) {
    path.doubled_there.erase(i);
    path.doubled_back.erase(i);
  }
  path.run();
  path.greet();
  const auto report = path.report();
  EXPECT_EQ(report.forward.duplicates, path.doubled_there.size());
  EXPECT_EQ(report.backward.duplicates, path.doubled_back.size());
  EXPECT_EQ(report.replies, report.answered + path.doubled_there.size() + path.doubled_back.size());
  EXPECT_EQ(report.loss.forward, path.lost_there.size());
  EXPECT_EQ(report.loss.backward, 0);
}

TEST(Replies, ReorderingByDirection) {
  SyntheticPath path;
  // 3.5 ms late at gaps of 1 ms: three overtake each, an extent of 3 (RFC 4737, section 4.2).
  path.held_there = {100, 200, 300};
  path.held_back = {400, 500};
  path.run();
  const auto report = path.report();
  EXPECT_EQ(report.forward.reordering.reordered, 3);
  EXPECT_EQ(report.forward.reordering.extent_max, 3);
  EXPECT_DOUBLE_EQ(report.forward.reordering.ratio, 0.003);
  EXPECT_EQ(report.backward.reordering.reordered, 2);
  EXPECT_EQ(report.round_trip.reordering.reordered, 5);
}

TEST(Replies, ReorderingAsTheRfcCountsIt) {
  // RFC 4737, section 4.2 and appendix: numbers below the highest so far; extent to the earliest.
  const auto r = reordering_of({1, 2, 3, 7, 8, 9, 10, 4, 5, 6, 11});
  EXPECT_EQ(r.reordered, 3);
  EXPECT_EQ(r.extent_max, 6);
  EXPECT_DOUBLE_EQ(r.extent_mean, (4 + 5 + 6) / 3.0);
  EXPECT_EQ(reordering_of({}).packets, 0);
}

TEST(Replies, OffsetAndDriftAreFoundWithinTheirError) {
  for (const double drift : {0.0, 50e-6, -80e-6}) {
    for (const std::int64_t offset :
         {std::int64_t{0}, std::int64_t{-7'200'000'000'000}, std::int64_t{123'456'789}}) {
      SyntheticPath path;
      path.count = 5000;
      path.offset_ns = offset;
      path.drift = drift;
      path.noise_ns = 400'000;
      path.lost_there = choose(9, path.count, 0.02);
      path.run();
      const auto report = path.report();
      ASSERT_TRUE(report.alignment.error_ns);
      const std::int64_t error = *report.alignment.error_ns;
      EXPECT_LT(error, 300'000);
      EXPECT_NEAR(static_cast<double>(report.alignment.offset_ns()), static_cast<double>(offset),
                  static_cast<double>(error));
      EXPECT_NEAR(report.alignment.drift_ppm(), drift * 1e6, 5);
      EXPECT_NEAR(static_cast<double>(report.forward.delay.min), 200'000,
                  static_cast<double>(error));
      EXPECT_NEAR(static_cast<double>(report.backward.delay.min), 300'000,
                  static_cast<double>(error));
      EXPECT_EQ(report.forward.negative + report.backward.negative, 0);
      EXPECT_GE(report.forward.delay.min, -error);
      EXPECT_NEAR(static_cast<double>(report.forward.pdv.max), 400'000, 5'000);
    }
  }
}

TEST(Replies, AStepOfTheReflectorsClockIsTold) {
  SyntheticPath path;
  path.count = 4000;
  path.noise_ns = 100'000;
  path.run();
  for (ProbeReply& reply : path.set.replies) {
    if (reply.index < 2000) continue;
    reply.reflector_rx_ns += 50'000'000;
    reply.reflector_tx_ns += 50'000'000;
  }
  const auto report = path.report();
  ASSERT_EQ(report.alignment.steps.size(), 1);
  EXPECT_EQ(report.forward.negative, 0);
  EXPECT_LT(report.forward.delay.max, 1'000'000);
}

TEST(Replies, JitterAndSpacing) {
  SyntheticPath path;
  path.count = 3000;
  // Every second probe 80 us late: |D| is 80 us each time, so J tends to it (RFC 3550, 6.4.1).
  path.extra_there = [](std::uint32_t i) { return i % 2 == 1 ? 80'000 : 0; };
  path.run();
  const auto report = path.report();
  EXPECT_NEAR(report.forward.jitter_ns, 80'000, 100);
  EXPECT_EQ(report.forward.ipdv.max, 80'000);
  EXPECT_EQ(report.forward.ipdv.min, -80'000);
  EXPECT_EQ(report.forward.pdv.max, 80'000);
  EXPECT_EQ(report.forward.arrival_gap.max, 1'080'000);
  EXPECT_LT(report.backward.jitter_ns, 2);
}

TEST(Replies, JitterMovesByASixteenth) {
  SyntheticPath path;
  path.count = 10;
  path.extra_there = [](std::uint32_t i) { return i >= 8 ? 80'000 : 0; };
  path.run();
  EXPECT_NEAR(path.report().forward.jitter_ns, 80'000 / 16.0 * 15 / 16, 2);
}

TEST(Replies, WhatIsNotOfTheTrainIsCounted) {
  SyntheticPath path;
  path.count = 20;
  path.run();
  ProbeReply stranger = path.set.replies[3];
  stranger.index = 77;
  path.set.replies.push_back(stranger);
  path.set.replies[5].arrival_ns = path.start_ns - 1;
  const auto report = path.report();
  EXPECT_EQ(report.unknown, 1);
  EXPECT_EQ(report.impossible, 1);
  EXPECT_EQ(report.answered, 19);
  path.sent.push_back(path.sent[0]);
  EXPECT_THROW(path.report(), Error);
}

TEST(Replies, Json) {
  SyntheticPath path;
  path.count = 100;
  path.lost_there = {5};
  path.run();
  path.greet();
  const auto json = reply_object(path.report());
  EXPECT_EQ(json["loss"]["forward"], 1);
  EXPECT_EQ(json["stateful"], true);
  EXPECT_EQ(json["forward"]["delay_ns"]["count"], 99);
  EXPECT_TRUE(json["alignment"]["error_ns"].is_number());
  EXPECT_TRUE(json["dispersion"].is_null());
}

TEST(Replies, QuantilesOfSignedValues) {
  std::vector<std::int64_t> values;
  for (int i = -50; i < 50; i++) values.push_back(i);
  const auto q = delay_quantiles(values);
  EXPECT_EQ(q.min, -50);
  EXPECT_EQ(q.p01, -50);
  EXPECT_EQ(q.p50, -1);
  EXPECT_EQ(q.p99, 48);
  EXPECT_DOUBLE_EQ(q.mean, -0.5);
}

}  // namespace
}  // namespace tscope
