// SPDX-License-Identifier: MIT
#include "analysis/acks/ack_matcher.hpp"

#include <gmock/gmock.h>

#include <numeric>
#include <random>

#include "unit/analysis/acks/ack_stream.hpp"

namespace tscope {
namespace {

using test::at_100m;
using test::driver;
using test::make_packet;
using test::NoSource;
using test::Segment;
using test::socket_point;
using test::tau;

/// Every ACK is stamped at the driver, and `delay` later at the socket.
AckReport two_points(std::int64_t delay, std::uint16_t merged, bool lose_some) {
  AckAnalysis analysis(at_100m());
  Segment s;
  for (int i = 0; i < 300; i++) {
    s.time_ns += 2 * tau;
    s.ack += 2896;
    s.ip_id++;
    analysis.add(make_packet(s, Vantage::driver_rx), driver);
    if (lose_some && i % 10 == 3) continue;
    if (merged > 1 && i % merged != merged - 1) continue;
    Segment up = s;
    up.time_ns += delay;
    up.segs = merged;
    up.ip_id = static_cast<std::uint16_t>(s.ip_id - merged + 1);
    analysis.add(make_packet(up, Vantage::socket_rx), socket_point);
  }
  return analysis.finish(NoSource());
}

TEST(AckStages, TheSameAcksAreFoundAtTwoPoints) {
  const auto report = two_points(7'000, 1, false);
  const AckStage& pair = report.flows.at(0).stages.at(0);
  EXPECT_EQ(pair.first.vantage, Vantage::driver_rx);
  EXPECT_EQ(pair.second.vantage, Vantage::socket_rx);
  EXPECT_EQ(pair.matched, 300U);
  EXPECT_NEAR(static_cast<double>(pair.added_p50_ns), 7'000, 7);
  EXPECT_EQ(pair.added_max_ns, 7'000);
  EXPECT_NEAR(pair.gap_ratio_p50, 1.0, 0.001);
  EXPECT_EQ(pair.only_first + pair.only_second + pair.merged + pair.negative, 0U);
}

TEST(AckStages, MergesAndLossesAreToldApart) {
  const AckStage merged = two_points(7'000, 3, false).flows.at(0).stages.at(0);
  EXPECT_EQ(merged.matched, 100U);
  EXPECT_EQ(merged.merged, 200U);
  EXPECT_EQ(merged.only_first, 0U);
  const AckStage lost = two_points(7'000, 1, true).flows.at(0).stages.at(0);
  EXPECT_EQ(lost.matched, 270U);
  EXPECT_EQ(lost.only_first, 30U);
  EXPECT_EQ(lost.merged, 0U);
}

TEST(AckStages, ASecondStampBeforeTheFirstIsCountedNotAveraged) {
  const AckStage pair = two_points(-5, 1, false).flows.at(0).stages.at(0);
  EXPECT_EQ(pair.negative, 300U);
  EXPECT_EQ(pair.added_max_ns, 0);
}

AckStamp stamp(std::int64_t time_ns, std::uint32_t ack, std::uint16_t ip_id = 0,
               std::uint32_t flags = 0) {
  Segment s;
  s.time_ns = time_ns;
  s.ack = ack;
  s.ip_id = ip_id;
  s.record_flags = flags;
  const Packet packet = make_packet(s, Vantage::driver_rx);
  // Each ACK delivers one full segment more than the one numbered before it.
  return {*decode_tcp(packet.record), packet, DeliveredSoFar{std::uint64_t{1500} * ack, ack, 0}};
}

AckStage result_of(const AckMatcher& matcher) {
  return matcher.result(driver, socket_point, 100e6);
}

TEST(AckStages, ASecondReadBeforeItsFirstIsCountedNotAveraged) {
  AckMatcher matcher(38);
  for (std::uint32_t i = 1; i <= 100; i++) {
    matcher.at_second(stamp(i * 1000, i));
    matcher.at_first(stamp(i * 1000 + 3, i));
  }
  const AckStage pair = result_of(matcher);
  EXPECT_EQ(pair.matched, 100U);
  EXPECT_EQ(pair.negative, 100U);
  EXPECT_EQ(pair.added_max_ns, 0);
  EXPECT_EQ(pair.only_first + pair.only_second, 0U);
}

TEST(AckStages, AcksThatPassEachOtherAreFound) {
  AckMatcher matcher(38);
  for (std::uint32_t i = 1; i <= 100; i++) matcher.at_first(stamp(i * 1000, i));
  for (std::uint32_t i = 1; i <= 100; i += 2) {
    matcher.at_second(stamp(i * 1000 + 2000, i + 1));
    matcher.at_second(stamp(i * 1000 + 2500, i));
  }
  const AckStage pair = result_of(matcher);
  EXPECT_EQ(pair.matched, 100U);
  EXPECT_EQ(pair.only_first + pair.only_second, 0U);
  EXPECT_EQ(pair.added_max_ns, 2500);
}

TEST(AckStages, DuplicatesAreToldByTheIpIdAndElseByOrder) {
  for (const std::uint16_t flags : {std::uint16_t{0}, std::uint16_t{TSCOPE_F_SYNTH_IP}}) {
    AckMatcher matcher(38);
    for (std::uint16_t i = 1; i <= 3; i++) matcher.at_first(stamp(i * 1000, 77, i, flags));
    // The first one was lost on the way.
    for (std::uint16_t i = 2; i <= 3; i++) matcher.at_second(stamp(i * 1000 + 10, 77, i));
    const AckStage pair = result_of(matcher);
    EXPECT_EQ(pair.matched, 2U);
    EXPECT_EQ(pair.only_first, 1U);
    EXPECT_EQ(pair.added_max_ns, flags == 0 ? 10 : 1010);
  }
}

// A long chain of headers leaves no room for the options in the record.
TEST(AckStages, AnAckWhoseTimestampsWereCutOffIsFound) {
  const auto with_timestamps = [](std::int64_t time_ns, std::uint32_t tsval, bool cut) {
    Segment s;
    s.time_ns = time_ns;
    Packet packet = make_packet(s, Vantage::driver_rx);
    tscope_record& record = packet.record;
    record.wire_len = 52;
    record.header_len = cut ? 40 : 52;
    record.header[3] = 52;
    record.header[32] = 0x80;
    const std::uint8_t options[] = {1, 1, 8, 10, 0, 0, 0, static_cast<std::uint8_t>(tsval)};
    std::ranges::copy(options, record.header + 40);
    return AckStamp(*decode_tcp(record), packet, {});
  };
  AckMatcher matcher(38);
  matcher.at_first(with_timestamps(0, 1, false));
  matcher.at_first(with_timestamps(100, 2, false));
  matcher.at_second(with_timestamps(110, 2, false));
  matcher.at_second(with_timestamps(120, 1, true));
  const AckStage stage = result_of(matcher);
  EXPECT_EQ(stage.matched, 2U);
  EXPECT_EQ(stage.only_first + stage.only_second, 0U);
  EXPECT_EQ(stage.added_max_ns, 120);
}

TEST(AckStages, SharesAreOfThreeQuartersOfTheServiceTime) {
  AckMatcher matcher(38);
  std::int64_t time = 0;
  for (std::uint32_t i = 1; i <= 101; i++) {
    matcher.at_first(stamp(time, i));
    matcher.at_second(stamp(time + 50, i));
    time += i % 4 == 0 ? tau * 74 / 100 : tau * 76 / 100;
  }
  EXPECT_DOUBLE_EQ(result_of(matcher).share_first, 0.25);
  EXPECT_DOUBLE_EQ(result_of(matcher).share_second, 0.25);
}

TEST(AckStages, NothingMatchesAcrossDifferentAcks) {
  AckMatcher matcher(38);
  for (std::uint32_t i = 1; i <= 20'000; i++) {
    matcher.at_first(stamp(i, 2 * i));
    matcher.at_second(stamp(i, 2 * i + 1));
  }
  const AckStage pair = result_of(matcher);
  EXPECT_EQ(pair.matched, 0U);
  EXPECT_EQ(pair.only_first, 20'000U);
  EXPECT_EQ(pair.only_second, 20'000U);
}

TEST(AckStages, FindThemselvesAgainAfterRandomMergesAndLosses) {
  std::mt19937 random(7);
  AckMatcher matcher(38);
  std::uint64_t merged = 0, lost = 0, seen = 0;
  std::uint32_t ack = 0;
  std::int64_t time = 0;
  while (ack < 50'000) {
    const auto burst = static_cast<std::uint32_t>(1 + random() % 5);
    for (std::uint32_t i = 0; i < burst; i++) matcher.at_first(stamp(time += 1000, ++ack));
    if (random() % 10 == 0) {
      lost += burst;
      continue;
    }
    AckStamp second = stamp(time + 500, ack);
    second.segs = static_cast<std::uint16_t>(burst);
    matcher.at_second(second);
    merged += burst - 1;
    seen++;
  }
  const AckStage pair = result_of(matcher);
  EXPECT_EQ(pair.matched, seen);
  EXPECT_EQ(pair.merged, merged);
  EXPECT_EQ(pair.only_first, lost);
  EXPECT_EQ(pair.only_second, 0U);
  EXPECT_EQ(pair.added_max_ns, 500);
}

TEST(AckStages, AVantagePointThatShowsUpInBetweenPairsAnew) {
  AckAnalysis analysis(at_100m());
  const Interface socket{"eth0", Vantage::socket_tx}, qdisc{"eth0", Vantage::qdisc_tx},
      wire{"eth0", Vantage::driver_tx};
  Segment s;
  for (int i = 0; i < 100; i++) {
    s.time_ns += tau;
    s.ack += 1448;
    for (const Interface& at : {socket, qdisc, wire}) {
      if (i < 10 && at == qdisc) continue;
      s.time_ns += 7;
      analysis.add(make_packet(s, at.vantage), at);
    }
  }
  const AckFlow flow = analysis.finish(NoSource()).flows.at(0);
  ASSERT_EQ(flow.stages.size(), 2U);
  EXPECT_EQ(flow.stages[0].first.vantage, Vantage::socket_tx);
  EXPECT_EQ(flow.stages[0].second.vantage, Vantage::qdisc_tx);
  EXPECT_EQ(flow.stages[0].matched, 90U);
  EXPECT_EQ(flow.stages[1].first.vantage, Vantage::qdisc_tx);
  EXPECT_EQ(flow.stages[1].second.vantage, Vantage::driver_tx);
  EXPECT_EQ(flow.stages[1].matched, 90U);
  EXPECT_EQ(flow.stages[1].added_max_ns, 7);
}

}  // namespace
}  // namespace tscope
