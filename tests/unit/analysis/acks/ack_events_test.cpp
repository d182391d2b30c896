// SPDX-License-Identifier: MIT
#include "analysis/acks/ack_events.hpp"

#include <gmock/gmock.h>

#include "tscope/report/acks.hpp"
#include "unit/analysis/acks/ack_stream.hpp"

namespace tscope {
namespace {

using test::at_100m;
using test::driver;
using test::make_packet;
using test::NoSource;
using test::Segment;
using test::tau;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t begin = 1'000'000'000, clean = 2 * tau;

// ACKs of two segments each with these gaps. Their numbers are 10, 20, 30, …: others lie between.
AckReport analyse(const std::vector<std::int64_t>& gaps, const AckOptions& options,
                  std::size_t late = 0) {
  AckAnalysis analysis(options);
  Segment s;
  s.time_ns = begin;
  for (std::size_t i = 0; i <= gaps.size(); i++) {
    if (i > 0) s.time_ns += gaps[i - 1];
    s.ack = 1 + static_cast<std::uint32_t>(i) * 2 * 1448;
    s.late = late > 0 && i == late;
    Packet packet = make_packet(s, driver.vantage);
    packet.number = 10 * (i + 1);
    analysis.add(packet, driver);
  }
  return analysis.finish(NoSource());
}

AckOptions with_events() {
  AckOptions options = at_100m();
  options.events = true;
  return options;
}

const AckDistribution& only(const AckReport& report) {
  return report.flows.at(0).vantage_points.at(0);
}

TEST(AckEvents, TheLongestGapHasItsTimeAndPackets) {
  const AckReport report = analyse({clean, clean, 9 * tau, clean, 9 * tau}, at_100m());
  const AckDistribution& d = only(report);
  EXPECT_EQ(d.max_ns, 9 * tau);
  EXPECT_EQ(d.max_at_ns, begin + 2 * clean) << "of two as long, the first one";
  EXPECT_THAT(d.max_packets, ElementsAre(30, 40));
  EXPECT_THAT(ack_text(report, "x.pcapng", true, true),
              HasSubstr("longest gap at driver-rx of eth0: 1.11 ms"));
  EXPECT_THAT(ack_text(report, "x.pcapng", true, true), HasSubstr("packet 30 to packet 40"));
}

TEST(AckEvents, AnEventIsAllCompressedGapsThatFollowEachOther) {
  const AckReport report =
      analyse({clean, 1000, 3000, 1000, clean, clean, 5000, clean}, with_events());
  const AckDistribution& d = only(report);
  ASSERT_EQ(d.events.size(), 2U);
  const AckEvent& first = d.events[0];
  EXPECT_EQ(first.from_ns, begin + clean);
  EXPECT_EQ(first.to_ns, begin + clean + 5000);
  EXPECT_THAT(first.packets, ElementsAre(20, 50));
  EXPECT_EQ(first.acks, 4U);
  EXPECT_EQ(first.shortest_ns, 1000);
  EXPECT_EQ(first.longest_ns, 3000);
  // Two segments of 1448 bytes with 40 bytes of headers and 14 of Ethernet.
  const double service = 2 * 1502 * 80.0;
  EXPECT_NEAR(first.of_service_time, 5000 / (3 * service), 0.001);
  EXPECT_NEAR(first.least_of_service_time, 1000 / service, 0.001);
  EXPECT_THAT(d.events[1].packets, ElementsAre(70, 80));
  EXPECT_EQ(d.events[1].acks, 2U);
  std::uint64_t gaps = 0;
  for (const AckEvent& event : d.events) gaps += event.acks - 1;
  EXPECT_EQ(gaps, d.compressed) << "every compressed gap is in one event";
  const std::string text = ack_text(report, "x.pcapng", true, true);
  EXPECT_THAT(text, HasSubstr("Compression events at driver-rx of eth0: 2"));
  EXPECT_THAT(text, HasSubstr("20 to 50"));
  EXPECT_THAT(text, HasSubstr("1.00 us to 3.00 us"));
}

TEST(AckEvents, NoneLiesAcrossALateRecord) {
  const AckReport report = analyse({clean, 1000, 1000, 1000, 1000, clean}, with_events(), 3);
  const auto& events = only(report).events;
  ASSERT_EQ(events.size(), 2U);
  EXPECT_THAT(events[0].packets, ElementsAre(20, 30));
  EXPECT_THAT(events[1].packets, ElementsAre(50, 60));
}

TEST(AckEvents, OneThatLastsToTheEndIsListed) {
  EXPECT_EQ(only(analyse({clean, 1000, 1000}, with_events())).events.size(), 1U);
}

TEST(AckEvents, AreListedOnRequestOnlyAndByTheRateThatIsKnown) {
  const std::vector<std::int64_t> gaps{clean, 1000, clean};
  const AckReport unasked = analyse(gaps, at_100m());
  EXPECT_TRUE(only(unasked).events.empty());
  EXPECT_THAT(ack_text(unasked, "x.pcapng", true, true), Not(HasSubstr("Compression events")));
  EXPECT_THAT(ack_json(unasked, "x.pcapng"), HasSubstr("\"events\": null"));
  AckOptions options;
  options.events = true;
  const AckReport unknown = analyse(gaps, options);
  EXPECT_TRUE(only(unknown).events.empty());
  EXPECT_THAT(ack_text(unknown, "x.pcapng", true, true),
              HasSubstr("unknown without the bottleneck's rate"));
  options.event_rates_bps = rates_of(unasked);
  EXPECT_EQ(only(analyse(gaps, options)).events.size(), 1U) << "the rate of an earlier pass";
}

TEST(AckEvents, MemoryIsBounded) {
  AckEvents events(100e6);
  for (std::size_t i = 0; i < AckEvents::kept_max + 7; i++) {
    events.add({0, 1}, {10, 2}, 1500);
    events.cut();
  }
  EXPECT_EQ(events.all().size(), AckEvents::kept_max);
  EXPECT_EQ(events.left_out(), 7U);
}

}  // namespace
}  // namespace tscope
