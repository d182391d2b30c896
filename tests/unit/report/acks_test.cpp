// SPDX-License-Identifier: MIT
#include "tscope/report/acks.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "unit/analysis/acks/ack_stream.hpp"

namespace tscope {
namespace {

using test::at_100m;
using test::driver;
using test::NoSource;
using test::repeated;
using test::tau;

TEST(AckJson, HasTheDocumentedFields) {
  AckAnalysis analysis(at_100m());
  test::feed_gaps(analysis, driver, repeated({1000, 2 * tau}, 100));
  NoSource source;
  source.lost.dropped[TSCOPE_DRIVER_RX][TSCOPE_LOST_FULL] = {5, 9};
  const auto json = nlohmann::json::parse(ack_json(analysis.finish(source), "x.pcapng"));
  EXPECT_EQ(json.at("schema"), "tscope-acks-2");
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
  EXPECT_EQ(point.at("judged_gaps"), 200);
  EXPECT_DOUBLE_EQ(point.at("share_below").at("tau").get<double>(), 0.5);
  EXPECT_DOUBLE_EQ(point.at("share_below").at("three_quarters_tau").get<double>(), 0.5);
  EXPECT_EQ(point.at("compressed_share_by_cut").size(), 2U);
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

// Every line's characters, not bytes.
std::size_t longest_line(const std::string& text) {
  std::istringstream lines(text);
  std::size_t longest = 0;
  for (std::string line; std::getline(lines, line);) {
    longest = std::max(longest, static_cast<std::size_t>(std::ranges::count_if(
                                    line, [](char c) { return (c & 0xc0) != 0x80; })));
  }
  return longest;
}

TEST(AckText, StaysWithinAHundredColumns) {
  for (const bool rate : {true, false}) {
    AckAnalysis analysis(rate ? at_100m() : AckOptions{});
    for (const Vantage vantage : {Vantage::driver_rx, Vantage::socket_rx, Vantage::socket_tx,
                                  Vantage::qdisc_tx, Vantage::driver_tx}) {
      test::feed_gaps(analysis, {"enp0s31f6.12345", vantage}, repeated({1000, 90 * tau}, 200));
    }
    NoSource source;
    source.lost.missed = 12345678;
    source.lost.late = 12345678;
    const std::string text = ack_text(analysis.finish(source), "x.pcapng", false, false);
    EXPECT_LE(longest_line(text), 100U) << text;
    EXPECT_THAT(text, testing::Not(testing::HasSubstr(" \n")));
    for (const char* name : {"driver-rx", "socket-rx", "socket-tx", "qdisc-tx", "driver-tx"})
      EXPECT_THAT(text, testing::HasSubstr(name));
  }
}

TEST(AckText, CallsUnknownLossUnknown) {
  AckAnalysis analysis(at_100m());
  test::feed_gaps(analysis, driver, repeated({tau}, 200));
  NoSource source;
  source.lost.known = Loss::Known::none;
  const AckReport report = analysis.finish(source);
  EXPECT_THAT(ack_text(report, "x", true, false),
              testing::ContainsRegex("records lost +not known\n"));
  const auto json = nlohmann::json::parse(ack_json(report, "x"));
  EXPECT_TRUE(json.at("flows").at(0).at("vantage_points").at(0).at("lost").is_null());
}

TEST(AckText, LeavesSmallFlowsOutButTheLargest) {
  for (const int gaps : {10, 100}) {
    AckAnalysis analysis(at_100m());
    test::feed_gaps(analysis, driver, repeated({tau}, gaps));
    test::Segment s;
    s.port = 50000;
    analysis.add(test::make_packet(s, Vantage::driver_rx), driver);
    const auto report = analysis.finish(NoSource());
    const std::string some = ack_text(report, "x", true, false);
    const std::string all = ack_text(report, "x", true, true);
    EXPECT_THAT(some, testing::HasSubstr("10.0.0.1:40001"));
    EXPECT_THAT(some, testing::Not(testing::HasSubstr("10.0.0.1:50000")));
    EXPECT_THAT(some, testing::HasSubstr("1 flow direction with fewer than 100 gaps left out"));
    EXPECT_THAT(all, testing::HasSubstr("10.0.0.1:50000"));
  }
}

TEST(AckText, DrawsTheBinsThatWereAskedFor) {
  AckOptions options = at_100m();
  options.bin_ns = tau / 2;
  AckAnalysis analysis(options);
  test::feed_gaps(analysis, driver, repeated({tau / 4, 2 * tau + tau / 4}, 100));
  const std::string text = ack_text(analysis.finish(NoSource()), "x", true, false);
  EXPECT_THAT(text, testing::HasSubstr("0.00T to 0.50T         50.0 % ################\n"));
  EXPECT_THAT(text, testing::HasSubstr("2.00T to 2.50T         50.0 % ################\n"));
}

TEST(AckText, DrawsWithoutASegmentTimeToo) {
  AckAnalysis analysis({});
  test::feed_gaps(analysis, driver, repeated({2'000, 2'000, 2'000, 8'000'000}, 100));
  const std::string text = ack_text(analysis.finish(NoSource()), "x", true, false);
  EXPECT_THAT(text, testing::HasSubstr("segment time unknown"));
  EXPECT_THAT(text, testing::HasSubstr("75.0 % ################"));
}

}  // namespace
}  // namespace tscope
