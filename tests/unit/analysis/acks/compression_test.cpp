// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "unit/analysis/acks/bottleneck.hpp"

namespace tscope {
namespace {

using test::analyse;
using test::at_rate;
using test::Bottleneck;
using test::play;
using test::Segment;
using testing::HasSubstr;
using testing::Not;

const AckFlow& acks_of(const AckReport& report) {
  return report.flows.at(0);
}

std::string code(const AckFlow& flow) {
  return flow.withheld.empty() ? "" : flow.withheld.front().code;
}

TEST(Compression, CleanStreamsAreNotCompressed) {
  for (const int segments : {1, 2, 8, 40}) {
    for (const std::uint32_t payload : {100U, 1448U, 8948U}) {
      Bottleneck path;
      path.segments_an_ack = segments;
      path.payload = payload;
      const auto played = play(path);
      for (const auto& options : {at_rate(path.rate_bps), AckOptions{}}) {
        const AckReport report = analyse(played.segments, options);
        const AckFlow& flow = acks_of(report);
        EXPECT_THAT(verdict(flow, 0), HasSubstr("is not compressed")) << segments << " " << payload;
        EXPECT_LT(flow.vantage_points[0].compressed_share, 0.001);
      }
    }
  }
}

// The cut lies far from the main mode, so what a frame counts as does not matter.
TEST(Compression, DoesNotHangOnTheFrameSize) {
  const auto played = play({.jitter = 0.03});
  for (std::uint32_t mtu = 1400; mtu <= 1600; mtu++) {
    AckOptions options = at_rate(20e6);
    options.mtu = mtu;
    const AckReport report = analyse(played.segments, options);
    EXPECT_THAT(verdict(acks_of(report), 0), HasSubstr("is not compressed")) << mtu;
    EXPECT_LT(acks_of(report).vantage_points[0].compressed_share, 0.005) << mtu;
  }
}

TEST(Compression, PlantedCompressionIsFound) {
  for (const int segments : {1, 2, 40}) {
    for (const double planted : {0.05, 0.10, 0.30}) {
      for (const double factor : {0.1, 0.5}) {
        Bottleneck path;
        path.segments_an_ack = segments;
        path.planted = planted;
        path.factor = factor;
        const auto played = play(path);
        for (const bool data : {true, false}) {
          auto segments_seen = played.segments;
          if (!data) std::erase_if(segments_seen, [](const Segment& s) { return s.payload > 0; });
          const AckReport report = analyse(segments_seen, at_rate(path.rate_bps));
          EXPECT_NEAR(acks_of(report).vantage_points[0].compressed_share, played.planted, 0.02)
              << segments << " " << planted << " " << factor << " " << data;
        }
        const AckReport own = analyse(played.segments, {});
        EXPECT_NEAR(acks_of(own).vantage_points[0].compressed_share, played.planted, 0.02)
            << segments << " " << planted << " " << factor << " own rate";
      }
    }
  }
}

TEST(Compression, IntervalsHoldThePlantedShareAsOftenAsTheySay) {
  int held = 0;
  for (unsigned seed = 0; seed < 1000; seed++) {
    Bottleneck path;
    path.acks = 1000;
    path.planted = 0.15;
    path.data = false;
    path.seed = seed;
    const AckReport report = analyse(play(path).segments, at_rate(path.rate_bps));
    const AckDistribution& d = acks_of(report).vantage_points[0];
    held += d.share_low <= path.planted && path.planted <= d.share_high ? 1 : 0;
  }
  EXPECT_GE(held, 930);
  EXPECT_LE(held, 970);
}

TEST(Compression, TheStreamsOwnRateIsTheBottlenecks) {
  const AckReport report = analyse(play({}).segments, {});
  const AckDistribution& d = acks_of(report).vantage_points[0];
  EXPECT_EQ(d.segment_time_source, "own-rate");
  EXPECT_NEAR(d.rate_bps, 20e6, 0.05e6);
  EXPECT_NEAR(static_cast<double>(d.segment_time_ns), 600'800, 1'500);
}

TEST(Compression, TsoFramesAreNoSegments) {
  Bottleneck path;
  path.frame_segments = 45;
  path.queue_acks = 90;
  const AckReport frames = analyse(play(path).segments, {});
  path.frame_segments = 1;
  const AckReport segments = analyse(play(path).segments, {});
  const std::int64_t tau = acks_of(frames).vantage_points[0].segment_time_ns;
  EXPECT_GT(tau, 0);
  EXPECT_NEAR(static_cast<double>(tau),
              static_cast<double>(acks_of(segments).vantage_points[0].segment_time_ns), 0.01e6);
}

TEST(Compression, APacedStreamShowsNoRate) {
  const AckReport report = analyse(play({.queue_acks = 0}).segments, {});
  EXPECT_EQ(code(acks_of(report)), "no-rate");
  EXPECT_THAT(verdict(acks_of(report), 0), HasSubstr("its data wait in no queue"));
}

TEST(Compression, AnApplicationThatSendsNowAndThenShowsNoRate) {
  auto segments = play({}).segments;
  // Every 200 ms of the stream a pause of as much or more.
  for (Segment& s : segments) {
    const std::int64_t part = s.time_ns / 200'000'000;
    s.time_ns += part * part * 50'000'000;
  }
  EXPECT_EQ(code(acks_of(analyse(segments, {}))), "no-rate");
}

TEST(Compression, AStreamThatSharesItsPathShowsNoRate) {
  auto segments = play({}).segments;
  auto other = play({.seed = 2}).segments;
  for (Segment& s : other) s.port = 40002;
  segments.insert(segments.end(), other.begin(), other.end());
  std::ranges::stable_sort(segments, {}, &Segment::time_ns);
  const AckReport report = analyse(segments, {});
  EXPECT_EQ(code(acks_of(report)), "no-rate");
  EXPECT_THAT(verdict(acks_of(report), 0), HasSubstr("share the path"));
}

TEST(Compression, ARateThatIsTooLowWithholdsTheVerdict) {
  const auto segments = play({}).segments;
  EXPECT_EQ(code(acks_of(analyse(segments, at_rate(19e6)))), "above-rate");
  EXPECT_EQ(code(acks_of(analyse(segments, at_rate(20e6)))), "");
}

TEST(Compression, AWordThatHangsOnTheCutIsWithheld) {
  std::vector<std::int64_t> gaps;
  for (int i = 0; i < 200; i++) {
    gaps.insert(gaps.end(), {2 * test::tau * 75 / 100, 2 * test::tau * 125 / 100});
  }
  AckAnalysis analysis(test::at_100m());
  test::feed_gaps(analysis, test::driver, gaps);
  const AckReport report = analysis.finish(test::NoSource());
  EXPECT_EQ(code(acks_of(report)), "hangs-on-the-cut");
  EXPECT_THAT(verdict(acks_of(report), 0), HasSubstr("Can't tell whether the ACKs are compressed"));
}

// 40 % of the gaps are short by any cut, 60 % by that at 0.85.
TEST(Compression, WhereOnlyTheDegreeHangsOnTheCutTheFactIsSaid) {
  constexpr std::int64_t service = 2 * test::tau;
  std::vector<std::int64_t> gaps;
  for (int i = 0; i < 100; i++) {
    const std::int64_t between = service * 75 / 100, spread = service * 210 / 100;
    gaps.insert(gaps.end(), {service / 10, spread, service / 10, spread, between});
  }
  AckAnalysis analysis(test::at_100m());
  test::feed_gaps(analysis, test::driver, gaps);
  const AckReport report = analysis.finish(test::NoSource());
  EXPECT_EQ(code(acks_of(report)), "hangs-on-the-cut");
  EXPECT_THAT(verdict(acks_of(report), 0),
              HasSubstr("The ACKs are compressed; how strongly can't be told"));
}

// After each pause the bucket lets 20 frames through at once: their ACKs come with the shortest
// round trip, so no one held them back.
TEST(Compression, ABucketsBurstIsNotCompression) {
  std::vector<Segment> segments;
  Segment data, ack;
  data.from_receiver = false;
  data.payload = 1448;
  data.seq = ack.ack = 1;
  std::int64_t time = 1'000'000'000;
  for (int burst = 0; burst < 60; burst++) {
    for (int i = 0; i < 60; i++) {
      time += i < 20 ? 20'000 : 600'800;
      data.time_ns = time - 50'000;
      segments.push_back(data);
      data.seq += 1448;
      ack.time_ns = time;
      ack.ack += 1448;
      segments.push_back(ack);
    }
    time += 100'000'000;
  }
  std::ranges::stable_sort(segments, {}, &Segment::time_ns);
  const AckReport report = analyse(segments, at_rate(20e6));
  EXPECT_EQ(code(acks_of(report)), "burst");
  EXPECT_THAT(verdict(acks_of(report), 0), HasSubstr("were not held back"));
}

TEST(Compression, OtherCausesOfABunchedStreamAreNamed) {
  const AckReport report = analyse(play({.planted = 0.6}).segments, at_rate(20e6));
  EXPECT_THAT(verdict(acks_of(report), 0),
              testing::AllOf(HasSubstr("strongly compressed"), HasSubstr("aggregating Wi-Fi"),
                             HasSubstr("token bucket's burst")));
}

// A window update between two ACKs makes no short gap of a long one.
TEST(Compression, AcksWithoutNewDataAreCountedApart) {
  auto segments = play({.acks = 500}).segments;
  std::vector<Segment> updates;
  for (Segment s : segments) {
    if (!s.from_receiver || s.flags != 0x10) continue;
    s.time_ns += 400'000;
    s.window = static_cast<std::uint16_t>(updates.size() + 1);
    updates.push_back(s);
  }
  segments.insert(segments.end(), updates.begin(), updates.end());
  std::ranges::stable_sort(segments, {}, &Segment::time_ns);
  const AckReport report = analyse(segments, at_rate(20e6));
  const AckDistribution& d = acks_of(report).vantage_points[0];
  EXPECT_EQ(d.acks_without_data, 500U);
  EXPECT_EQ(d.compressed, 0U);
  EXPECT_GT(d.below_segment_time, 490U);
}

}  // namespace
}  // namespace tscope
