// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "ack_stream.hpp"

namespace tscope {
namespace {

using test::driver;
using test::make_packet;
using test::NoSource;
using test::Segment;
using test::socket_point;

constexpr std::int64_t tau = 123'040;  // 1538 bytes at 100 Mbit/s

AckOptions at_100m() {
  AckOptions options;
  options.link_rate_bps = 100e6;
  return options;
}

AckReport report_of(const std::vector<std::int64_t>& gaps, const AckOptions& options) {
  AckAnalysis analysis(options);
  test::feed_gaps(analysis, driver, gaps);
  return analysis.finish(NoSource());
}

std::vector<std::int64_t> repeated(std::initializer_list<std::int64_t> gaps, int times) {
  std::vector<std::int64_t> result;
  for (int i = 0; i < times; i++) result.insert(result.end(), gaps);
  return result;
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

TEST(AckAnalysis, BelowMeansStrictlyBelow) {
  const auto report = report_of(repeated({tau, tau - 1, tau + 1, 2 * tau}, 100), at_100m());
  const auto& d = report.flows.at(0).vantage_points.at(0);
  EXPECT_EQ(d.compressed, 100U);
  EXPECT_DOUBLE_EQ(d.compressed_share, 0.25);
  EXPECT_LT(d.share_low, 0.25);
  EXPECT_GT(d.share_high, 0.25);
}

TEST(AckAnalysis, WilsonsIntervalIsAsPublished) {
  // 10 of 100: [0.0552, 0.1744], as tables of the Wilson interval have it.
  std::vector<std::int64_t> gaps(90, 2 * tau);
  gaps.insert(gaps.end(), 10, tau / 2);
  const auto report = report_of(gaps, at_100m());
  const auto& d = report.flows.at(0).vantage_points.at(0);
  EXPECT_NEAR(d.share_low, 0.0552, 0.0001);
  EXPECT_NEAR(d.share_high, 0.1744, 0.0001);
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

TEST(AckAnalysis, SegmentTimeIsInferredFromAcksOfTwoSegments) {
  // Every ACK acknowledges 2 * 1448 bytes: the first mode is two segment times.
  const auto report = report_of(repeated({2 * tau}, 200), AckOptions{});
  const auto& d = report.flows.at(0).vantage_points.at(0);
  EXPECT_EQ(d.segment_time_source, "first-mode");
  EXPECT_NEAR(static_cast<double>(d.segment_time_ns), tau, tau * 0.002);
}

TEST(AckAnalysis, WithoutAClearModeTheSegmentTimeIsUnknown) {
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

TEST(AckPairs, TheSameAcksAreFoundAtTwoPoints) {
  const auto report = two_points(7'000, 1, false);
  const AckPair& pair = report.flows.at(0).pairs.at(0);
  EXPECT_EQ(pair.first.vantage, Vantage::driver_rx);
  EXPECT_EQ(pair.second.vantage, Vantage::socket_rx);
  EXPECT_EQ(pair.matched, 300U);
  EXPECT_NEAR(static_cast<double>(pair.added_p50_ns), 7'000, 7);
  EXPECT_EQ(pair.added_max_ns, 7'000);
  EXPECT_NEAR(pair.gap_ratio_p50, 1.0, 0.001);
  EXPECT_EQ(pair.only_first + pair.only_second + pair.merged + pair.negative, 0U);
}

TEST(AckPairs, MergesAndLossesAreToldApart) {
  const AckPair merged = two_points(7'000, 3, false).flows.at(0).pairs.at(0);
  EXPECT_EQ(merged.matched, 100U);
  EXPECT_EQ(merged.merged, 200U);
  EXPECT_EQ(merged.only_first, 0U);
  const AckPair lost = two_points(7'000, 1, true).flows.at(0).pairs.at(0);
  EXPECT_EQ(lost.matched, 270U);
  EXPECT_EQ(lost.only_first, 30U);
  EXPECT_EQ(lost.merged, 0U);
}

TEST(AckPairs, ASecondStampBeforeTheFirstIsCountedNotAveraged) {
  const AckPair pair = two_points(-5, 1, false).flows.at(0).pairs.at(0);
  EXPECT_EQ(pair.negative, 300U);
  EXPECT_EQ(pair.added_max_ns, 0);
}

TEST(AckVerdict, SaysHowMuchAndWhere) {
  const auto judge = [](const std::vector<std::int64_t>& at_driver,
                        const std::vector<std::int64_t>& at_socket) {
    AckAnalysis analysis(at_100m());
    test::feed_gaps(analysis, driver, at_driver);
    test::feed_gaps(analysis, socket_point, at_socket);
    return verdict(analysis.finish(NoSource()).flows.at(0), 0);
  };
  const auto clean = repeated({2 * tau}, 200);
  const auto slotted = repeated({1000, 1000, 1000, 1000, 10 * tau}, 40);
  EXPECT_THAT(judge(clean, clean), testing::HasSubstr("not compressed"));
  EXPECT_THAT(judge(slotted, slotted),
              testing::AllOf(testing::HasSubstr("strongly compressed"),
                             testing::HasSubstr("before this machine's stack")));
  EXPECT_THAT(judge(clean, slotted),
              testing::AllOf(testing::HasSubstr("strongly compressed"),
                             testing::HasSubstr("between driver-rx and socket-rx")));
  EXPECT_THAT(judge(repeated({tau / 2}, 50), clean), testing::HasSubstr("Too few gaps"));
}

TEST(AckVerdict, NamesLossAndIgnoresTheOrderOfVantagePoints) {
  const auto slotted = repeated({1000, 1000, 10 * tau}, 70);
  AckAnalysis one(at_100m()), other(at_100m());
  test::feed_gaps(one, driver, slotted);
  test::feed_gaps(one, socket_point, slotted);
  test::feed_gaps(other, socket_point, slotted);
  test::feed_gaps(other, driver, slotted);
  const auto flow = one.finish(NoSource()).flows.at(0);
  EXPECT_EQ(verdict(flow, 0), verdict(other.finish(NoSource()).flows.at(0), 0));
  EXPECT_THAT(verdict(flow, 17), testing::HasSubstr("17 lost records"));
}

TEST(AckJson, HasTheDocumentedFields) {
  AckAnalysis analysis(at_100m());
  test::feed_gaps(analysis, driver, repeated({1000, 2 * tau}, 100));
  NoSource source;
  source.lost.dropped[TSCOPE_DRIVER_RX][TSCOPE_LOST_FULL] = {5, 9};
  const auto json = nlohmann::json::parse(ack_json(analysis.finish(source), "x.pcapng"));
  EXPECT_EQ(json.at("schema"), "tscope-acks-1");
  EXPECT_EQ(json.at("file"), "x.pcapng");
  EXPECT_EQ(json.at("loss").at("lost"), 5);
  EXPECT_EQ(json.at("loss").at("full"), 5);
  EXPECT_EQ(json.at("loss").at("by_vantage").at("driver-rx").at("segments"), 9);
  EXPECT_EQ(json.at("clock").at("source"), "tsc");
  EXPECT_EQ(json.at("clock").at("error_ns"), 100);
  const auto& flow = json.at("flows").at(0);
  EXPECT_EQ(flow.at("src"), "10.0.0.2:5201");
  EXPECT_EQ(flow.at("dst"), "10.0.0.1:40001");
  const auto& point = flow.at("vantage_points").at(0);
  EXPECT_EQ(point.at("vantage"), "driver-rx");
  EXPECT_EQ(point.at("interface"), "eth0");
  EXPECT_EQ(point.at("acks"), 201);
  EXPECT_EQ(point.at("segment_time_ns"), tau);
  EXPECT_DOUBLE_EQ(point.at("compressed_share").get<double>(), 0.5);
  for (const char* quantile : {"p50", "p90", "p99", "max"})
    EXPECT_TRUE(point.at("quantiles_ns").contains(quantile));
  EXPECT_EQ(point.at("modes").size(), 2U);
  EXPECT_EQ(point.at("cdf_below").back().at("count"), 100);
}

TEST(AckText, SaysWhatAReaderLooksFor) {
  AckAnalysis analysis(at_100m());
  test::feed_gaps(analysis, driver, repeated({1000, 2 * tau}, 100));
  const std::string text = ack_text(analysis.finish(NoSource()), "x.pcapng", true, false);
  EXPECT_THAT(text, testing::HasSubstr("below segment time"));
  EXPECT_THAT(text, testing::HasSubstr("50.0 %"));
  EXPECT_THAT(text, testing::HasSubstr("Nothing was lost"));
  for (const char c : text) EXPECT_LT(static_cast<unsigned char>(c), 0x80);
}

}  // namespace
}  // namespace tscope
