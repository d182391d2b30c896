// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "tscope/report/acks.hpp"
#include "unit/analysis/acks/ack_stream.hpp"

namespace tscope {
namespace {

using test::at_100m;
using test::driver;
using test::make_packet;
using test::NoSource;
using test::repeated;
using test::Segment;
using test::tau;

AckReport report_of(const std::vector<std::int64_t>& gaps, const AckOptions& options) {
  AckAnalysis analysis(options);
  test::feed_gaps(analysis, driver, gaps);
  return analysis.finish(NoSource());
}

TEST(AckAnalysis, SegmentTimeComesFromTheLinkRate) {
  const auto report = report_of(repeated({2 * tau}, 200), at_100m());
  const auto& d = report.flows.at(0).vantage_points.at(0);
  EXPECT_EQ(d.segment_time_ns, tau);
  EXPECT_EQ(d.segment_time_source, "link-rate");
  EXPECT_EQ(d.acks, 201U);
  EXPECT_EQ(d.gaps, 200U);
  EXPECT_EQ(d.compressed, 0U);
  EXPECT_NEAR(d.modes.at(0).multiple, 2.0, 0.002);
  EXPECT_DOUBLE_EQ(d.modes.at(0).share, 1.0);
}

// The ACKs are of two segments: their service time is two segment times.
TEST(AckAnalysis, CompressedIsBelowThreeQuartersOfTheServiceTime) {
  AckOptions options = at_100m();
  options.overhead = 38;
  const auto report =
      report_of(repeated({148 * tau / 100, 152 * tau / 100, 2 * tau, 3 * tau}, 100), options);
  const auto& d = report.flows.at(0).vantage_points.at(0);
  EXPECT_EQ(d.judged, 400U);
  EXPECT_EQ(d.compressed, 100U);
  EXPECT_DOUBLE_EQ(d.compressed_share, 0.25);
  EXPECT_LT(d.share_low, 0.25);
  EXPECT_GT(d.share_high, 0.25);
  EXPECT_DOUBLE_EQ(d.share_at_065, 0);
  EXPECT_DOUBLE_EQ(d.share_at_085, 0.5);
}

TEST(AckAnalysis, TheThesissSharesAreStrictlyBelow) {
  const auto report =
      report_of(repeated({tau, tau - 1, 2 * tau, 3 * tau / 4 - 100}, 100), at_100m());
  const auto& d = report.flows.at(0).vantage_points.at(0);
  EXPECT_EQ(d.below_segment_time, 200U);
  EXPECT_EQ(d.below_three_quarters, 100U);
}

TEST(AckAnalysis, TheHistogramHoldsEveryGap) {
  const auto report = report_of(repeated({5'000, 2 * tau, 30 * tau}, 100), at_100m());
  const auto& d = report.flows.at(0).vantage_points.at(0);
  std::uint64_t sum = 0;
  for (const auto& bin : d.histogram) sum += bin.count;
  EXPECT_EQ(sum, 300U);
  EXPECT_EQ(d.histogram.back().count, 100U);
  EXPECT_GT(d.histogram.back().to_ns, 30 * tau);
  ASSERT_TRUE(d.mode_below);
  EXPECT_NEAR(static_cast<double>(d.mode_below->at_ns), 5'000, 6);
}

TEST(AckAnalysis, WithoutARateNothingIsCompressed) {
  std::vector<std::int64_t> gaps;
  double gap = 1000;
  for (int i = 0; i < 400; i++) gaps.push_back(static_cast<std::int64_t>(gap *= 1.03));
  const auto report = report_of(gaps, AckOptions{});
  const auto& d = report.flows.at(0).vantage_points.at(0);
  EXPECT_EQ(d.segment_time_ns, 0);
  EXPECT_EQ(d.segment_time_source, "none");
  EXPECT_EQ(d.compressed, 0U);
  EXPECT_THAT(verdict(report.flows.at(0), 0), testing::HasSubstr("--link-rate"));
}

TEST(AckAnalysis, ALateRecordBreaksTheGap) {
  AckAnalysis analysis(at_100m());
  Segment s;
  for (const auto& [time, late] :
       {std::pair{1000, false}, {2000, false}, {1500, true}, {3000, false}, {4000, false}}) {
    s.time_ns = time;
    s.late = late;
    s.ack += 100;
    analysis.add(make_packet(s, Vantage::driver_rx), driver);
  }
  const auto report = analysis.finish(NoSource());
  EXPECT_EQ(report.flows.at(0).vantage_points.at(0).acks, 5U);
  EXPECT_EQ(report.flows.at(0).vantage_points.at(0).gaps, 2U);
}

TEST(AckAnalysis, AdvancingLeavesDuplicatesOut) {
  for (const bool advancing : {false, true}) {
    AckOptions options = at_100m();
    options.advancing_only = advancing;
    AckAnalysis analysis(options);
    Segment s;
    for (const std::uint32_t ack : {0xffffff00U, 0xffffff00U, 0x100U, 0x100U, 0x200U}) {
      s.time_ns += 1000;
      s.ack = ack;
      analysis.add(make_packet(s, Vantage::driver_rx), driver);
    }
    EXPECT_EQ(analysis.finish(NoSource()).flows.at(0).vantage_points.at(0).acks,
              advancing ? 3U : 5U);
  }
}

TEST(AckAnalysis, NoGapLiesAcrossTwoConnections) {
  for (const bool advancing : {false, true}) {
    AckOptions options = at_100m();
    options.advancing_only = advancing;
    AckAnalysis analysis(options);
    Segment s;
    const auto send = [&](std::uint8_t flags, std::uint32_t seq, std::uint32_t ack) {
      s.time_ns += 1000;
      s.flags = flags;
      s.seq = seq;
      s.ack = ack;
      analysis.add(make_packet(s, Vantage::driver_rx), driver);
    };
    // The second one's numbers begin behind the first one's: they are no older for that.
    for (const std::uint32_t base : {0x90000000U, 0x20000000U}) {
      send(0x02, base, 0);
      for (std::uint32_t i = 1; i <= 4; i++) send(0x10, base + 1, base + 1000 * i);
    }
    const auto d = analysis.finish(NoSource()).flows.at(0).vantage_points.at(0);
    EXPECT_EQ(d.acks, 6U);  // the handshakes' third segments are none
    EXPECT_EQ(d.gaps, 4U);
  }
}

TEST(AckAnalysis, SaysWhyThereAreNoAcks) {
  const auto reason = [](const AckOptions& options, std::initializer_list<Packet> packets,
                         const Interface& interface) {
    AckAnalysis analysis(options);
    for (const Packet& packet : packets) analysis.add(packet, interface);
    return why_no_acks(analysis.finish(NoSource()));
  };
  Segment data;
  data.payload = 10;
  Packet udp = make_packet(Segment{}, Vantage::tap);
  udp.record.header[9] = 17;
  AckOptions other;
  other.flow = "192.0.2.1";
  const Interface calls{"any", Vantage::app_rx};
  EXPECT_THAT(reason({}, {}, driver), testing::HasSubstr("no packets"));
  EXPECT_THAT(reason({}, {udp}, driver), testing::HasSubstr("none of its 1 packets is TCP"));
  EXPECT_THAT(reason({}, {make_packet(data, Vantage::app_rx)}, calls),
              testing::HasSubstr("--at driver,socket"));
  EXPECT_THAT(reason(other, {make_packet(data, Vantage::driver_rx)}, driver),
              testing::HasSubstr("--flow"));
  EXPECT_THAT(reason({}, {make_packet(data, Vantage::driver_rx)}, driver),
              testing::HasSubstr("both directions"));
}

TEST(AckAnalysis, BatchesOfOnePollAreTold) {
  AckAnalysis analysis(at_100m());
  Segment s;
  s.record_flags = TSCOPE_F_SOFTIRQ;
  for (int i = 0; i < 12; i++) {
    s.time_ns += 1000;
    s.ack += 100;
    s.napi_poll = static_cast<std::uint32_t>(i / 4);
    analysis.add(make_packet(s, Vantage::driver_rx), driver);
  }
  EXPECT_EQ(analysis.finish(NoSource()).flows.at(0).vantage_points.at(0).same_poll_gaps, 9U);
}

// Busy polling: a batch as in softirq, but no count of polls tells it from none.
TEST(AckAnalysis, WhatAProcessReceivedMayLieInOnePollOrNot) {
  AckAnalysis analysis(at_100m());
  Segment s;
  s.record_flags = TSCOPE_F_POLL_UNKNOWN;
  for (int i = 0; i < 12; i++) {
    s.time_ns += 1000;
    s.ack += 100;
    analysis.add(make_packet(s, Vantage::driver_rx), driver);
  }
  const AckReport report = analysis.finish(NoSource());
  EXPECT_EQ(report.flows.at(0).vantage_points.at(0).same_poll_gaps, 0U);
  EXPECT_EQ(report.flows.at(0).vantage_points.at(0).unknown_poll_gaps, 11U);
}

// 160 gaps of 200 in one poll, and of 10 more it is not known.
TEST(AckAnalysis, AFewGapsOfUnknownPollsLeaveARange) {
  AckAnalysis analysis(at_100m());
  Segment s;
  for (int i = 0; i < 201; i++) {
    s.time_ns += 1000;
    s.ack += 100;
    s.record_flags = i < 10 ? TSCOPE_F_POLL_UNKNOWN : TSCOPE_F_SOFTIRQ;
    s.napi_poll = static_cast<std::uint32_t>(i < 170 ? 0 : i);
    analysis.add(make_packet(s, Vantage::driver_rx), driver);
  }
  const AckReport report = analysis.finish(NoSource());
  const AckDistribution& d = report.flows.at(0).vantage_points.at(0);
  const std::string text = ack_text(report, "file", true, true);
  EXPECT_EQ(d.unknown_poll_gaps, 10U);
  EXPECT_THAT(text, testing::ContainsRegex("gaps in one NAPI poll +79.5 % to 84.5 %"));
}

TEST(AckAnalysis, MemoryIsBoundedByTheNumberOfFlows) {
  AckAnalysis analysis(at_100m());
  for (std::uint32_t i = 0; i < 20000; i++) {
    Segment s;
    s.port = static_cast<std::uint16_t>(i);
    s.from_receiver = i % 2 == 0;
    analysis.add(make_packet(s, Vantage::driver_rx), driver);
  }
  const auto report = analysis.finish(NoSource());
  EXPECT_EQ(report.flows.size(), 2 * AckAnalysis::max_flows);
  EXPECT_EQ(report.untracked_flows, 20000 - 2 * AckAnalysis::max_flows);
}

}  // namespace
}  // namespace tscope
