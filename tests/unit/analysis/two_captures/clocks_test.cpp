// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "tscope/base/error.hpp"
#include "tscope/report/acks_between.hpp"
#include "unit/analysis/two_captures/two_captures.hpp"

namespace tscope {
namespace {

using test::compare;
using test::HostAndGuest;
using test::only_flow;
using test::options_at_100m;
using test::pcap_of;
using test::play;
using test::Scene;
using test::Sighting;
using testing::HasSubstr;

TEST(ClocksOfTwoCaptures, TheDelayIsFoundWithinTheStatedError) {
  for (unsigned seed = 1; seed <= 20; seed++) {
    Scene scene;
    scene.seed = seed;
    scene.guest_drift = (static_cast<double>(seed) - 10) * 12e-6;
    const AcksBetweenReport report = compare(play(scene));
    const AcksBetween& pair = only_flow(report);
    ASSERT_TRUE(report.alignment.error_ns);
    const auto error = static_cast<double>(*report.alignment.error_ns);
    EXPECT_LT(error, 40'000) << seed;
    // Median of the queue: mean * ln 2.
    EXPECT_NEAR(static_cast<double>(pair.added_p50_ns), 30'000 + 6'931, error + 1'000) << seed;
    EXPECT_EQ(pair.negative, 0U) << seed;
    EXPECT_NEAR(report.alignment.drift_ppm(), scene.guest_drift * 1e6, 10) << seed;
  }
}

TEST(ClocksOfTwoCaptures, AStepIsFlaggedAndDoesNotSpoilTheFigures) {
  for (const std::int64_t size : {20'000'000LL, -20'000'000LL, 3'600'000'000'000LL}) {
    Scene scene;
    scene.step_at_ns = 250'000'000;
    scene.step_ns = size;
    const AcksBetweenReport report = compare(play(scene));
    const AcksBetween& pair = only_flow(report);
    ASSERT_EQ(report.alignment.steps.size(), 1U) << size;
    const ClockStep& step = report.alignment.steps[0];
    EXPECT_NEAR(static_cast<double>(step.at_ns - test::epoch), 250e6, 2e6);
    EXPECT_LE(std::abs(step.size_ns - size), step.error_ns);
    EXPECT_EQ(pair.matched, 2000U) << size;
    EXPECT_EQ(pair.negative, 0U);
    EXPECT_LT(pair.unaligned, 10U);
    EXPECT_LT(pair.added_max_ns, 1'000'000);
    EXPECT_LT(pair.shares.second, 0.002);  // where the line bends beside a step
  }
}

TEST(ClocksOfTwoCaptures, WithoutAlignmentDelaysAreTheClocks) {
  Scene scene;
  scene.guest_offset_ns = -7'000'000;
  AcksBetweenOptions options = options_at_100m();
  options.align = AlignMethod::none;
  const AcksBetweenReport report = compare(play(scene), options);
  EXPECT_EQ(only_flow(report).negative, 2000U);
  EXPECT_EQ(only_flow(report).delays, 0U);
  EXPECT_FALSE(report.alignment.error_ns);
  EXPECT_FALSE(report.alignment_note.empty());
}

TEST(ClocksOfTwoCaptures, PacketsAtRestAlignAsWell) {
  Scene scene;
  scene.acks = 300;
  scene.ack_gap_ns = 30'000'000;
  scene.queue_ns = 1'000;
  AcksBetweenOptions options = options_at_100m();
  options.align = AlignMethod::at_rest;
  const AcksBetweenReport report = compare(play(scene), options);
  EXPECT_EQ(report.alignment.method, AlignMethod::at_rest);
  ASSERT_TRUE(report.alignment.error_ns);
  EXPECT_NEAR(static_cast<double>(only_flow(report).added_p50_ns), 30'693,
              static_cast<double>(*report.alignment.error_ns));
  scene.ack_gap_ns = 246'080;
  EXPECT_THROW(compare(play(scene), options), Error);
}

TEST(ClocksOfTwoCaptures, OneDirectionSaysSoAndStatesTheLargerError) {
  HostAndGuest captures = play({});
  std::erase_if(captures.guest, [](const Sighting& s) { return s.segment.payload > 0; });
  const AcksBetweenReport report = compare(captures);
  const AcksBetween& pair = only_flow(report);
  EXPECT_TRUE(pair.direction_assumed);
  EXPECT_THAT(report.alignment_note, HasSubstr("one way only"));
  EXPECT_EQ(pair.matched, 2000U);
  EXPECT_EQ(pair.negative, 0U);
  // In the wrong order the offset would be that of the slowest packet.
  EXPECT_FALSE(report.alignment.error_ns);
  EXPECT_THAT(report.alignment_note, HasSubstr("if the order of the files is right"));
  std::erase_if(captures.host, [](const Sighting& s) { return s.segment.payload > 0; });
  const AcksBetweenReport blind = compare(captures);
  EXPECT_FALSE(blind.alignment.error_ns);
  EXPECT_THAT(blind.alignment_note, HasSubstr("unknown"));
  EXPECT_THAT(acks_between_text(blind, false, false), HasSubstr("unknown"));
}

TEST(ClocksOfTwoCaptures, OneDirectionIsBoundByTheEchoOfTimestamps) {
  Scene scene;
  scene.sockets = true;
  HostAndGuest captures = play(scene);
  std::erase_if(captures.guest, [](const Sighting& s) { return s.segment.payload > 0; });
  const AcksBetweenReport report =
      compare(*pcap_of(captures.host), *test::tscope_file_of(captures.guest, {}));
  EXPECT_FALSE(only_flow(report).direction_assumed);
  EXPECT_THAT(report.alignment_note, HasSubstr("one way only"));
  // The host saw the echo of its timestamps: no way to the guest is longer.
  ASSERT_TRUE(report.alignment.error_ns);
  EXPECT_GE(*report.alignment.error_ns, 30'000);
  EXPECT_LT(*report.alignment.error_ns, 2'000'000);
  EXPECT_LE(std::abs(report.alignment.offset_ns() - scene.guest_offset_ns),
            *report.alignment.error_ns);
}

TEST(ClocksOfTwoCaptures, OneCounterNeedsNoAlignment) {
  Scene scene;
  scene.sockets = true;
  scene.guest_offset_ns = 0;
  scene.guest_drift = 0;
  HostAndGuest captures = play(scene);
  for (Sighting& s : captures.host) {
    s.at = {"tap0", s.segment.payload > 0 ? Vantage::driver_rx : Vantage::driver_tx};
  }
  const auto host = test::tscope_file_of(captures.host, {});
  // The guest's time line is its own; its counter is the host's.
  test::Counter counter;
  for (Sighting& s : captures.guest) s.time_ns += 3'000'000'000;
  counter.base_ns += 3'000'000'000;
  counter.booted_ns += 400'000'000'000;
  const auto guest = test::tscope_file_of(captures.guest, counter);
  const AcksBetweenReport report = compare(*host, *guest);
  EXPECT_EQ(report.alignment.method, AlignMethod::shared);
  EXPECT_EQ(report.alignment.error_ns, 1);
  EXPECT_NEAR(static_cast<double>(report.alignment.offset_ns()), 3e9, 1e5);
  EXPECT_NEAR(static_cast<double>(only_flow(report).added_p50_ns), 36'931, 800);
  EXPECT_EQ(only_flow(report).negative, 0U);
  EXPECT_EQ(only_flow(report).unmatched[0], 0U);

  // Another counter: chosen neither by itself nor when asked for.
  counter.tsc_base += 3'000'000;
  const auto foreign = test::tscope_file_of(captures.guest, counter);
  EXPECT_EQ(compare(*host, *foreign).alignment.method, AlignMethod::envelope);
  AcksBetweenOptions options = options_at_100m();
  options.align = AlignMethod::shared;
  EXPECT_THROW(compare(*host, *foreign, options), Error);
  EXPECT_THROW(compare(*pcap_of(captures.host), *foreign, options), Error);
}

TEST(ClocksOfTwoCaptures, OneBootIsToldByTheAnchorsWherePacketsGoOneWay) {
  Scene scene;
  scene.sockets = true;
  scene.guest_offset_ns = 0;
  scene.guest_drift = 0;
  HostAndGuest captures = play(scene);
  for (auto* file : {&captures.host, &captures.guest}) {
    std::erase_if(*file, [](const Sighting& s) { return s.segment.payload > 0; });
  }
  for (Sighting& s : captures.host) s.at = {"tap0", Vantage::driver_tx};
  const auto host = test::tscope_file_of(captures.host, {});
  EXPECT_EQ(compare(*host, *test::tscope_file_of(captures.guest, {})).alignment.method,
            AlignMethod::shared);
  test::Counter other;
  other.tsc_base += 1'000'000'000;
  EXPECT_EQ(compare(*host, *test::tscope_file_of(captures.guest, other)).alignment.method,
            AlignMethod::envelope);
}

}  // namespace
}  // namespace tscope
