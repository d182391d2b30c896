// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <random>
#include <regex>

#include "unit/analysis/acks/ack_stream.hpp"

namespace tscope {
namespace {

using test::at_100m;
using test::driver;
using test::NoSource;
using test::repeated;
using test::socket_point;
using test::tau;

struct Fed {
  Interface interface;
  std::vector<std::int64_t> gaps;
  std::int64_t delay = 0;  // after the vantage point before
};

std::string judge(const std::vector<Fed>& points, const AckOptions& options = at_100m(),
                  std::uint64_t lost = 0) {
  AckAnalysis analysis(options);
  for (const Fed& point : points)
    test::feed_gaps(analysis, point.interface, point.gaps, 1, point.delay);
  return verdict(analysis.finish(NoSource()).flows.at(0), lost);
}

const auto clean = repeated({2 * tau}, 200);
const auto half = repeated({1000, 2 * tau, 4 * tau - 1000}, 100);
const auto slotted = repeated({1000, 1000, 1000, 1000, 10 * tau}, 40);

const Interface socket_out{"eth0", Vantage::socket_tx}, qdisc_out{"eth0", Vantage::qdisc_tx},
    driver_out{"eth0", Vantage::driver_tx};

TEST(AckVerdict, SaysHowMuchWithItsInterval) {
  EXPECT_EQ(judge({{driver, clean}, {socket_point, clean}}),
            "The ACK stream is not compressed: at driver-rx 0.0 % [0.0, 1.9] of 200 gaps are "
            "shorter than three quarters of the time that the bottleneck needs for what the ACK "
            "delivers.");
  EXPECT_THAT(judge({{driver, half}}),
              testing::HasSubstr("partly compressed: at driver-rx 33.3 %"));
  EXPECT_THAT(judge({{driver, slotted}}), testing::HasSubstr("strongly compressed"));
}

TEST(AckVerdict, SaysWhereItArose) {
  EXPECT_THAT(judge({{driver, slotted}, {socket_point, slotted}}),
              testing::HasSubstr("it arose before this machine's stack"));
  EXPECT_THAT(judge({{driver, clean}, {socket_point, slotted}}),
              testing::HasSubstr("it arose in this kernel, between driver-rx and socket-rx"));
  EXPECT_THAT(judge({{driver, half}, {socket_point, slotted}}),
              testing::AllOf(testing::HasSubstr("it arose partly before this machine's stack"),
                             testing::HasSubstr("more in this kernel, between")));
  EXPECT_THAT(judge({{socket_out, clean}, {qdisc_out, clean}, {driver_out, slotted}}),
              testing::HasSubstr("in this kernel, between qdisc-tx and driver-tx"));
  EXPECT_THAT(judge({{socket_out, slotted}, {qdisc_out, slotted}, {driver_out, slotted}}),
              testing::HasSubstr("where this machine's TCP makes the ACKs"));
  EXPECT_THAT(judge({{socket_out, clean}, {qdisc_out, slotted}, {driver_out, clean}}),
              testing::AllOf(testing::HasSubstr("between socket-tx and qdisc-tx"),
                             testing::HasSubstr("at driver-tx it is 0.0 % again")));
  EXPECT_THAT(judge({{{"any", Vantage::tap}, slotted}}),
              testing::AllOf(testing::HasSubstr("compressed: 80.0 %"),
                             testing::HasSubstr("at or before the place of the capture")));
}

// Both sides of a router in one file of another program.
TEST(AckVerdict, NamesTheDeviceWhereTwoPlacesHaveOneName) {
  const Interface in{"if2 in", Vantage::tap}, out{"if3 out", Vantage::tap};
  EXPECT_THAT(judge({{in, clean}, {out, slotted}}),
              testing::AllOf(testing::HasSubstr("at tap of if3 out"),
                             testing::HasSubstr("arose between tap of if2 in and tap of if3 out"),
                             testing::Not(testing::HasSubstr("in this kernel"))));
}

TEST(AckVerdict, SaysWhatItCannotTell) {
  EXPECT_THAT(judge({{driver, repeated({tau / 2}, 99)}}),
              testing::HasSubstr(
                  "there are too few gaps between ACKs of new data to judge (99; 100 are needed)"));
  EXPECT_THAT(judge({{driver, repeated({tau / 2}, 50)}, {socket_point, clean}}),
              testing::HasSubstr("not compressed: at socket-rx"));
  EXPECT_THAT(judge({{driver, slotted}}, AckOptions{}),
              testing::AllOf(testing::HasSubstr("Can't tell"), testing::HasSubstr("--link-rate")));
  EXPECT_THAT(judge({{driver, clean}}, AckOptions{}),
              testing::HasSubstr("neither a SYN nor the data show how large a full segment is"));
  EXPECT_THAT(judge({{driver, slotted}}, at_100m(), 17),
              testing::HasSubstr("17 lost records make this uncertain"));
}

AckDistribution& compressed_at_driver(AckFlow& flow) {
  AckDistribution& d = flow.vantage_points.emplace_back();
  d.interface = driver;
  d.segment_time_ns = tau;
  d.acks = 201;
  d.gaps = d.judged = 200;
  d.rate_bps = 100e6;
  d.compressed_share = 0.6;
  return d;
}

TEST(AckVerdict, NamesTheKernelsOwnBatchesAndMerges) {
  AckFlow flow;
  AckDistribution& d = compressed_at_driver(flow);
  d.same_poll_gaps = 120;
  d.merged_records = 50;
  d.merged_segments = 100;
  EXPECT_THAT(
      verdict(flow, 0),
      testing::AllOf(testing::HasSubstr("60 % of the gaps at driver-rx lie within one NAPI"),
                     testing::HasSubstr("40 % of the ACKs came merged to driver-rx")));
}

TEST(AckVerdict, DoesNotSayNoBatchesWhereItCantTell) {
  AckFlow flow;
  AckDistribution& d = compressed_at_driver(flow);
  d.unknown_poll_gaps = 200;
  EXPECT_THAT(verdict(flow, 0),
              testing::HasSubstr("whether the gaps at driver-rx lie within one NAPI poll can't be "
                                 "told"));
}

// On loopback an ACK is sent before it is received; on a forwarding host it is the other way round.
TEST(AckVerdict, FollowsThePathAsTheStampsTellIt) {
  const Interface in{"lo", Vantage::driver_rx}, out{"lo", Vantage::driver_tx};
  const Interface eth{"eth0", Vantage::driver_rx}, tap{"tap0", Vantage::driver_tx};
  const Interface built{"lo", Vantage::socket_tx};
  EXPECT_THAT(judge({{in, slotted, 50}, {out, clean, 0}}),
              testing::HasSubstr("between driver-tx and driver-rx"));
  EXPECT_THAT(judge({{eth, clean, 0}, {tap, slotted, 50}}),
              testing::HasSubstr("between driver-rx and driver-tx"));
  EXPECT_THAT(judge({{in, slotted, 0}, {built, clean, 50}}),
              testing::HasSubstr("between socket-tx and driver-rx"));
}

TEST(AckVerdict, DependsNeitherOnOrderNorOnNames) {
  const auto without_names = [](const std::string& text) {
    return std::regex_replace(text, std::regex("driver-rx of [a-z0-9]+"), "driver-rx");
  };
  std::mt19937 random(3);
  std::vector<Fed> points{{driver, clean, 0},
                          {socket_point, slotted, 5},
                          {{"br0", Vantage::driver_rx}, half, 2},
                          {driver_out, slotted, 9},
                          {{"tap0", Vantage::qdisc_tx}, half, 8}};
  const std::string expected = without_names(judge(points));
  for (int i = 0; i < 50; i++) {
    std::ranges::shuffle(points, random);
    for (std::size_t n = 0; n < points.size(); n++) {
      points[n].interface.device = std::string(1 + random() % 5, static_cast<char>('a' + n));
    }
    EXPECT_EQ(without_names(judge(points)), expected);
  }
}

// A clock source with coarse steps: the word would depend on how gaps were rounded.
TEST(AckVerdict, IsWithheldWithItsReasonWhereTheClockIsCoarse) {
  class CoarseSource : public NoSource {
   public:
    ClockInfo clock() const override {
      ClockInfo info = NoSource::clock();
      info.resolution_ns = 2 * tau / 8 + 20;
      return info;
    }
  };
  AckAnalysis analysis(at_100m());
  test::feed_gaps(analysis, driver, clean);
  const AckFlow flow = analysis.finish(CoarseSource()).flows.at(0);
  ASSERT_EQ(flow.withheld.size(), 1U);
  EXPECT_EQ(flow.withheld.at(0).code, "coarse-clock");
  EXPECT_THAT(verdict(flow, 0),
              testing::HasSubstr("Can't tell whether the ACKs are compressed: "
                                 "the times are in steps of 30.8 µs, too coarse"));
}

}  // namespace
}  // namespace tscope
