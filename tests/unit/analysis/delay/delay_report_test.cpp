// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tscope/report/delay.hpp"
#include "unit/analysis/delay/delay_stream.hpp"

namespace tscope {
namespace {

using namespace test;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::uint32_t mss = 1448;

DelayReport both_ways() {
  DelayStream stream;
  for (std::uint32_t i = 0; i < 1000; i++) {
    stream.sent(i * 5000LL, 1 + i * mss, mss);
    stream.received(i * 5000LL + 100, 1 + i * mss, mss);
  }
  return stream.report();
}

TEST(DelayReport, TextFitsThePageAndIsAsciiWhereAskedFor) {
  const std::string text = delay_text(both_ways(), "x.pcapng", true, false);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100U) << line;
  EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return c > 0; }));
  EXPECT_THAT(text, HasSubstr("qdisc-tx > driver-tx"));
  EXPECT_THAT(text, HasSubstr("1000 of 1000 packets found at both"));
  EXPECT_THAT(text, HasSubstr("Nothing was lost"));
}

TEST(DelayReport, JsonSumsAndShares) {
  const auto json = nlohmann::json::parse(delay_json(both_ways(), "x.pcapng"));
  EXPECT_EQ(json["schema"], "tscope-delay-1");
  ASSERT_EQ(json["chains"].size(), 2U);
  for (const auto& chain : json["chains"]) {
    std::int64_t sum = 0;
    double share = 0;
    for (const auto& stage : chain["stages"]) {
      sum += stage["sum_ns"].get<std::int64_t>();
      share += stage["share"].get<double>();
    }
    EXPECT_EQ(sum, chain["total"]["sum_ns"].get<std::int64_t>());
    EXPECT_NEAR(share, 1, 1e-9);
    EXPECT_EQ(chain["packets"], 1000U);
    EXPECT_EQ(chain["total"]["cdf"].back()["share"], 1.0);
  }
  EXPECT_EQ(json["pairs"].size(), 5U);
  EXPECT_FALSE(json.contains("why_no_delays"));
}

TEST(DelayReport, CdfHoldsWhatLiesBelow) {
  DelayStream stream;
  for (std::uint32_t i = 0; i < 100; i++) {
    stream.at(Vantage::qdisc_tx, i * 10'000, 1 + i * mss, mss);
    stream.at(Vantage::driver_tx, i * 10'000 + (i < 30 ? 150 : 350), 1 + i * mss, mss);
  }
  const DelayReport report = stream.report();
  ASSERT_EQ(report.chains.size(), 1U);
  for (const CdfPoint& point : report.chains[0].total.cdf) {
    EXPECT_DOUBLE_EQ(point.share, point.ns <= 150 ? 0 : point.ns <= 350 ? 0.3 : 1) << point.ns;
  }
}

TEST(DelayReport, OneFlowOnly) {
  DelayStream stream;
  for (std::uint32_t i = 0; i < 10; i++) stream.sent(i * 5000LL, 1 + i * mss, mss);
  DelayOptions options;
  options.flow = "10.0.0.1:40001 > ";
  EXPECT_EQ(packets_of(stream.report(options), Way::send, PacketKind::data), 10U);
  options.flow = "10.0.0.9";
  const DelayReport none = stream.report(options);
  EXPECT_THAT(none.chains, IsEmpty());
  EXPECT_EQ(none.other_flows, 40U);
  EXPECT_THAT(why_no_delays(none), HasSubstr("--flow"));
}

TEST(DelayReport, FlowByFlow) {
  DelayStream stream;
  DelayOptions options;
  options.per_flow = true;
  const auto send = [&](std::uint16_t port, std::uint32_t packets, std::int64_t queue_ns) {
    for (std::uint32_t i = 0; i < packets; i++) {
      Segment segment;
      segment.port = port;
      segment.seq = 1 + i * mss;
      segment.payload = mss;
      const std::int64_t time_ns = port * 1000LL + i * 2'000'000LL;
      stream.add(Vantage::socket_tx, time_ns, segment);
      stream.add(Vantage::qdisc_tx, time_ns + 1000, segment);
      stream.add(Vantage::driver_tx, time_ns + 1000 + queue_ns, segment);
    }
  };
  send(40001, 100, 50'000);
  send(40002, 300, 200);
  for (std::uint16_t i = 0; i < 110; i++) send(static_cast<std::uint16_t>(50'000 + i), 2, 3000);
  const DelayReport report = stream.report(options);
  ASSERT_EQ(report.flows.size(), 100U);
  EXPECT_EQ(report.flows_left_out, 12U);
  EXPECT_EQ(report.packets_left_out, 24U);
  const auto chain = [&](std::size_t flow) { return report.flows[flow].chains.at(0); };
  EXPECT_EQ(chain(0).packets, 300U);
  EXPECT_EQ(chain(0).sum_ns, 300 * 1200);
  EXPECT_EQ(chain(0).max_ns, 1200);
  EXPECT_EQ(chain(0).largest_to, Vantage::qdisc_tx);
  EXPECT_NEAR(chain(0).largest_share, 1000.0 / 1200, 1e-9);
  EXPECT_EQ(chain(1).packets, 100U);
  EXPECT_NEAR(static_cast<double>(chain(1).p50_ns), 51'000, 51'000.0 / 64);
  EXPECT_EQ(chain(1).largest_from, Vantage::qdisc_tx);
  std::int64_t sum = 0;
  for (const DelayFlow& flow : report.flows) sum += flow.chains.at(0).sum_ns;
  EXPECT_EQ(sum + 24 * 4000, report.chains.at(0).total.sum_ns);

  const std::string text = delay_text(report, "x.pcapng", true, false);
  EXPECT_THAT(text, HasSubstr("  92 flows of fewer packets left out, with 184 packets in all"));
  EXPECT_THAT(text, HasSubstr("98.0 % qdisc-tx > driver-tx"));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100U) << line;
  const auto json = nlohmann::json::parse(delay_json(report, "x.pcapng"));
  EXPECT_EQ(json["flows"][1]["chains"][0]["largest_stage"]["to"], "driver-tx");
  EXPECT_EQ(json["flows_left_out"]["flows"], 12);
  EXPECT_THAT(stream.report().flows[0].chains, IsEmpty());
  EXPECT_THAT(delay_text(stream.report(), "x", true, false), Not(HasSubstr("Flow by flow")));
}

TEST(DelayReport, SaysWhyThereIsNothing) {
  DelayStream stream;
  EXPECT_THAT(why_no_delays(stream.report()), HasSubstr("no packets"));
  stream.at(Vantage::tap, 0, 1, mss);
  EXPECT_THAT(why_no_delays(stream.report()), HasSubstr("another program"));
  stream.at(Vantage::driver_tx, 5, 1, mss);
  const DelayReport report = stream.report();
  EXPECT_THAT(why_no_delays(report), HasSubstr("--at"));
  EXPECT_THAT(delay_json(report, "x"), HasSubstr("why_no_delays"));
}

TEST(DelayReport, ManyFlowsAreBounded) {
  DelayStream stream;
  for (std::uint32_t i = 0; i < DelayAnalysis::max_flows + 100; i++) {
    Segment segment;
    segment.payload = mss;
    segment.port = static_cast<std::uint16_t>(1 + i);
    stream.add(Vantage::qdisc_tx, i * 1000LL, segment);
    stream.add(Vantage::driver_tx, i * 1000LL + 10, segment);
  }
  const DelayReport report = stream.report();
  EXPECT_EQ(report.untracked_flows, 200U);
  EXPECT_EQ(packets_of(report, Way::send, PacketKind::data), DelayAnalysis::max_flows);
  EXPECT_EQ(report.flows.size(), 100U);
}

}  // namespace
}  // namespace tscope
