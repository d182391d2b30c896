// SPDX-License-Identifier: MIT
#include "tscope/probe/ping_report.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tscope/report/ping.hpp"

namespace tscope {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::int64_t us = 1000;

// Out: app 0, qdisc 10, driver 12 µs; back: driver 112, app 142; the i-th is i µs later at the app.
PingSample sample(std::int64_t i) {
  PingSample sample;
  sample.index = static_cast<std::uint64_t>(i + 1);
  sample.from = "10.0.0.2";
  sample.bytes = 64;
  sample.ttl = 63;
  sample.stamps.app_tx = 0;
  sample.stamps.qdisc_tx = 10 * us;
  sample.stamps.driver_tx = 12 * us;
  sample.stamps.driver_rx = 112 * us;
  sample.stamps.app_rx = (142 + i) * us;
  return sample;
}

PingReport report(std::vector<PingSample> samples) {
  PingReport report;
  report.target = {"10.0.0.2", "10.0.0.2", "10.0.0.1", "eth0", 4, ""};
  report.counts.sent = report.counts.received = samples.size();
  report.samples = std::move(samples);
  return report;
}

TEST(PingStamps, DelaysSumToTheTotal) {
  const PingStamps stamps = sample(5).stamps;
  EXPECT_EQ(stamps.app_rtt(), 147 * us);
  EXPECT_EQ(stamps.driver_rtt(), 100 * us);
  EXPECT_EQ(stamps.send_delay(), 12 * us);
  EXPECT_EQ(stamps.receive_delay(), 35 * us);
  EXPECT_EQ(*stamps.send_delay() + *stamps.driver_rtt() + *stamps.receive_delay(),
            *stamps.app_rtt());
  EXPECT_FALSE(stamps.socket_rtt());
  EXPECT_TRUE(stamps.consistent());
}

TEST(PingStamps, NegativeStageIsNoticed) {
  PingStamps stamps = sample(0).stamps;
  stamps.driver_tx = 9 * us;
  EXPECT_FALSE(stamps.consistent());
  const auto summary = summarise(std::vector{sample(0), [&] {
                                               PingSample bad = sample(1);
                                               bad.stamps = stamps;
                                               return bad;
                                             }()});
  EXPECT_EQ(summary.layers.at(0).send.count, 1U) << "never averaged in";
}

TEST(PingStamps, HardwareClockThatStandsStillIsAbsent) {
  PingStamps stamps;
  EXPECT_FALSE(stamps.hw_rtt());
  stamps.hw_tx = stamps.hw_rx = 5000;
  EXPECT_FALSE(stamps.hw_rtt());
  stamps.hw_tx = 0;
  EXPECT_FALSE(stamps.hw_rtt());
  stamps.hw_tx = 4000;
  EXPECT_EQ(stamps.hw_rtt(), 1000);
}

TEST(PingSummary, LayersAndPopulations) {
  std::vector<PingSample> samples;
  for (std::int64_t i = 0; i < 100; i++) {
    samples.push_back(sample(i));
    if (i >= 90) samples.back().verdict.reasons = {PingReason::slow_wake, PingReason::steal};
  }
  const PingSummary summary = summarise(samples);
  ASSERT_EQ(summary.layers.size(), 2U);
  const PingLayer& app = summary.layers[0];
  EXPECT_EQ(app.name, "app");
  EXPECT_EQ(app.rtt.median_ns, (142 + 49) * us) << "the 50th of 100";
  EXPECT_EQ(app.rtt.p99_ns, (142 + 98) * us);
  EXPECT_EQ(app.added.median_ns, (42 + 49) * us) << "to the driver's 100 µs";
  EXPECT_EQ(app.send.p99_ns, 12 * us);
  EXPECT_EQ(app.receive.p99_ns, (30 + 98) * us);
  EXPECT_EQ(summary.layers[1].name, "driver");
  EXPECT_EQ(summary.layers[1].rtt.median_ns, 100 * us);
  EXPECT_EQ(summary.layers[1].added.count, 0U);
  EXPECT_EQ(summary.queue.median_ns, 2 * us);
  EXPECT_EQ(summary.clean.count, 90U);
  EXPECT_EQ(summary.clean.p99_ns, (142 + 89) * us);
  EXPECT_EQ(summary.biased.count, 10U);
  EXPECT_EQ(summary.all.count, 100U);
  EXPECT_EQ(summary.reasons[static_cast<std::size_t>(PingReason::slow_wake)], 10U);
}

TEST(PingSummary, SocketLayerGoesBetween) {
  PingSample with = sample(0);
  with.stamps.socket_tx = 4 * us;
  with.stamps.socket_rx = 120 * us;
  const PingSummary summary = summarise(std::vector{with});
  ASSERT_EQ(summary.layers.size(), 3U);
  EXPECT_EQ(summary.layers[0].added.median_ns, (4 + 22) * us);
  EXPECT_EQ(summary.layers[1].name, "socket");
  EXPECT_EQ(summary.layers[1].added.median_ns, (8 + 8) * us);
}

TEST(PingText, LinesAsIputilsHasThem) {
  PingOptions options;
  EXPECT_EQ(ping_header(options, {"host", "10.0.0.2", "10.0.0.1", "eth0", 4, ""}),
            "PING host (10.0.0.2) 56(84) bytes of data.\n");
  EXPECT_EQ(ping_header(options, {"::1", "::1", "::1", "lo", 6, ""}),
            "PING ::1(::1) 56 data bytes\n");
  EXPECT_EQ(ping_header(options, {"fe80::2%eth0", "fe80::2", "fe80::1", "eth0", 6, "%eth0"}),
            "PING fe80::2%eth0(fe80::2%eth0) 56 data bytes\n");
  options.source = "eth0";
  EXPECT_EQ(ping_header(options, {"h", "10.0.0.2", "10.0.0.1", "eth0", 4, ""}),
            "PING h (10.0.0.2) from 10.0.0.1 eth0: 56(84) bytes of data.\n");
  EXPECT_THAT(ping_line(sample(0), PingProtocol::icmp, "10.0.0.2"),
              StartsWith("64 bytes from 10.0.0.2: icmp_seq=1 ttl=63 time=0.142 ms"));
  EXPECT_THAT(ping_line(sample(0), PingProtocol::icmp, "10.0.0.2"),
              HasSubstr(" driver=0.100 send=0.012 recv=0.030  clean\n"));
  const auto shown = [](std::int64_t rtt_us) {
    PingSample timed;
    timed.stamps.app_tx = 0;
    timed.stamps.app_rx = rtt_us * us;
    const std::string line = ping_line(timed, PingProtocol::icmp, "h");
    const auto at = line.find("time=") + 5;
    return line.substr(at, line.find(" ms") - at);
  };
  EXPECT_EQ(shown(999), "0.999");
  EXPECT_EQ(shown(1234), "1.23");
  EXPECT_EQ(shown(12'345), "12.3");
  EXPECT_EQ(shown(123'456), "123");
}

TEST(PingText, CountsLine) {
  PingReport some = report({sample(0), sample(1)});
  some.counts.sent = 3;
  some.counts.forged = 2;
  some.duration_ns = 2'000'000'000;
  const std::string text = ping_text(some);
  EXPECT_THAT(text, HasSubstr("3 packets transmitted, 2 received, +2 forged, 33.3333% packet loss, "
                              "time 2000ms\n"));
  EXPECT_THAT(text, HasSubstr("rtt min/avg/max/mdev = 0.142/0.142/0.143/0.000 ms\n"));
}

TEST(PingText, NoQuantileExceedsTheMaximumByRounding) {
  PingSample slow = sample(0);
  slow.stamps.app_rx = 1'234'999;
  const std::string text = ping_text(report({sample(0), slow}));
  EXPECT_THAT(text, HasSubstr("/1.234/"));
  EXPECT_THAT(text, testing::Not(HasSubstr("1.235")));
}

TEST(PingText, NoRepliesAtAll) {
  PingReport none = report({});
  none.counts.sent = 2;
  EXPECT_THAT(ping_text(none), HasSubstr("2 packets transmitted, 0 received, 100% packet loss"));
  EXPECT_NO_THROW(ping_text(report({})));
}

TEST(PingJson, CarriesEverySample) {
  PingReport some = report({sample(0), sample(1)});
  some.samples[1].verdict.reasons = {PingReason::steal};
  some.samples[1].evidence.steal_ns = 10'000'000;
  const auto json = nlohmann::json::parse(ping_json(some));
  EXPECT_EQ(json["schema"], "tscope-ping-1");
  EXPECT_EQ(json["samples"][0]["rtt_ns"], 142'000);
  EXPECT_EQ(json["samples"][0]["stamps_after_app_tx_ns"]["driver_tx"], 12'000);
  EXPECT_EQ(json["samples"][1]["reasons"][0], "steal");
  EXPECT_EQ(json["samples"][1]["evidence"]["steal_ns"], 10'000'000);
  EXPECT_FALSE(json["samples"][0].contains("socket_rtt_ns"));
}

}  // namespace
}  // namespace tscope
