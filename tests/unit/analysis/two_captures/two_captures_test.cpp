// SPDX-License-Identifier: MIT
#include "unit/analysis/two_captures/two_captures.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tscope/base/error.hpp"
#include "tscope/report/acks_between.hpp"

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
using test::Sightings;
using testing::HasSubstr;

TEST(TwoCaptures, AnUndisturbedStreamIsTheSameAtBoth) {
  const AcksBetweenReport report = compare(play({}));
  const AcksBetween& pair = only_flow(report);
  EXPECT_FALSE(report.swapped);
  EXPECT_EQ(pair.flow.src.to_string(), "10.0.0.2:5201");
  EXPECT_EQ(pair.first.file, 0U);
  EXPECT_EQ(pair.matched, 2000U);
  EXPECT_EQ(pair.gaps, 1999U);
  EXPECT_EQ(pair.unmatched[0] + pair.unmatched[1] + pair.outside[0] + pair.outside[1], 0U);
  EXPECT_EQ(pair.shares.first, 0);
  EXPECT_LT(pair.shares.second, 0.003);  // the queue between the two
  EXPECT_EQ(pair.xi.events, 0U);
  EXPECT_EQ(pair.batches.value().count, 0U);
  EXPECT_FALSE(pair.origin);
  EXPECT_NEAR(pair.gap_ratio_p50, 1, 0.05);
  EXPECT_EQ(report.common_packets, 6000U);
  EXPECT_THAT(acks_between_verdict(pair, report), HasSubstr("not compressed between"));
}

TEST(TwoCaptures, BatchesAreCompressionOfTheirSize) {
  Scene scene;
  scene.batch = 5;
  const AcksBetweenReport report = compare(play(scene));
  const AcksBetween& pair = only_flow(report);
  EXPECT_EQ(pair.matched, 2000U);
  EXPECT_EQ(pair.shares.first, 0);
  EXPECT_NEAR(pair.shares.second, 0.8, 0.001);
  EXPECT_EQ(pair.xi.events, 400U);
  EXPECT_EQ(pair.xi.acks, 2000U);
  EXPECT_EQ(pair.xi.longest, 5U);
  // Four gaps of 2 us for four of 246 us.
  EXPECT_NEAR(pair.xi.xi_p50, 2.0 / 246.08, 0.002);
  ASSERT_TRUE(pair.batches);
  EXPECT_EQ(pair.batches->count, 400U);
  EXPECT_EQ(pair.batches->acks, 2000U);
  ASSERT_EQ(pair.batches->sizes.size(), 1U);
  EXPECT_EQ(pair.batches->sizes[0].acks, 5U);
  EXPECT_THAT(acks_between_verdict(pair, report), HasSubstr("strongly compressed between"));
}

TEST(TwoCaptures, SwappedFilesAreSwappedBack) {
  Scene scene;
  scene.batch = 4;
  const HostAndGuest captures = play(scene);
  const auto host = pcap_of(captures.host), guest = pcap_of(captures.guest);
  const AcksBetweenReport right = compare(*host, *guest), wrong = compare(*guest, *host);
  EXPECT_FALSE(right.swapped);
  EXPECT_TRUE(wrong.swapped);
  EXPECT_EQ(wrong.files[0], host->path());
  EXPECT_FALSE(wrong.why_swapped.empty());
  EXPECT_EQ(only_flow(wrong).xi.events, only_flow(right).xi.events);
  EXPECT_EQ(only_flow(wrong).negative, 0U);
  EXPECT_THAT(acks_between_text(wrong, false, false), HasSubstr("other way round"));
}

TEST(TwoCaptures, TheFileWithSocketsIsTheGuestsEvenIfItReceives) {
  Scene scene;
  scene.sockets = true;
  const HostAndGuest captures = play(scene);
  const auto host = pcap_of(captures.host);
  const auto guest = test::tscope_file_of(captures.guest, {});
  EXPECT_FALSE(compare(*host, *guest).swapped);
  EXPECT_TRUE(compare(*guest, *host).swapped);
}

TEST(TwoCaptures, OneFileOrOneCaptureTwiceIsRefused) {
  const HostAndGuest captures = play({});
  const auto host = pcap_of(captures.host), copy = pcap_of(captures.host);
  EXPECT_THROW(compare(*host, *host), UsageError);
  try {
    compare(*host, *copy);
    FAIL() << "not refused";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("same capture twice"));
  }
  EXPECT_THROW(acks_between("-", host->path(), {}), UsageError);
}

TEST(TwoCaptures, NothingInCommonIsSaid) {
  const HostAndGuest captures = play({});
  Scene later;
  later.seed = 2;
  HostAndGuest other = play(later);
  for (Sighting& s : other.guest) {
    s.segment.seq += 500'000'000;
    s.segment.ack += 500'000'000;
  }
  const AcksBetweenReport no_packet = compare({captures.host, other.guest});
  EXPECT_TRUE(no_packet.flows.empty());
  EXPECT_THAT(no_packet.why_nothing, HasSubstr("but no packet"));
  for (Sighting& s : other.guest) (s.segment.payload > 0 ? s.segment.sport : s.segment.dport) = 9;
  const AcksBetweenReport no_flow = compare({captures.host, other.guest});
  EXPECT_THAT(no_flow.why_nothing, HasSubstr("no flow in common"));
  const auto json = nlohmann::json::parse(acks_between_json(no_flow));
  EXPECT_TRUE(json["pairs"].empty());
  EXPECT_TRUE(json.contains("why_no_pairs"));
  EXPECT_THAT(acks_between_text(no_flow, false, false), HasSubstr("No ACKs to compare"));

  AcksBetweenOptions options = options_at_100m();
  options.acks.flow = "1.2.3.4";
  EXPECT_THAT(compare(captures, options).why_nothing, HasSubstr("--flow"));
}

TEST(TwoCaptures, TheStageIsToldWhereTheGuestHasSeveralVantagePoints) {
  Scene scene;
  scene.sockets = true;
  scene.batch = 5;
  for (const bool merge : {false, true}) {
    scene.merge_at_socket = merge;
    const HostAndGuest captures = play(scene);
    const AcksBetweenReport report =
        compare(*pcap_of(captures.host), *test::tscope_file_of(captures.guest, {}));
    const AcksBetween& pair = only_flow(report);
    EXPECT_EQ(pair.second.interface.vantage, Vantage::driver_rx);
    ASSERT_TRUE(pair.origin);
    EXPECT_EQ(pair.origin->last.vantage, Vantage::socket_rx);
    EXPECT_EQ(pair.origin->events, 400U);
    EXPECT_EQ(pair.origin->one_poll, 400U);
    EXPECT_THAT(acks_between_verdict(pair, report), HasSubstr("one NAPI poll"));
  }
  // Undisturbed up to the driver, merged by the backlog behind it.
  scene.batch = 1;
  HostAndGuest captures = play(scene);
  test::Sightings guest;
  int at_socket = 0;
  for (const Sighting& s : captures.guest) {
    if (s.at.vantage == Vantage::socket_rx && ++at_socket % 4 != 0) continue;
    guest.push_back(s);
    if (s.at.vantage == Vantage::socket_rx) guest.back().segs = 4;
  }
  const AcksBetweenReport report =
      compare(*pcap_of(captures.host), *test::tscope_file_of(guest, {}));
  ASSERT_TRUE(only_flow(report).origin);
  EXPECT_EQ(only_flow(report).origin->in_kernel, 500U);
  EXPECT_EQ(only_flow(report).origin->events, 500U);
  EXPECT_EQ(only_flow(report).xi.events, 0U);
}

TEST(TwoCaptures, AStreamsOwnRateIsOneForBoth) {
  Scene scene;
  scene.batch = 3;
  scene.fills_by_ns = 50'000;
  AcksBetweenOptions options;
  const AcksBetweenReport report = compare(play(scene), options);
  const AcksBetween& pair = only_flow(report);
  EXPECT_NEAR(static_cast<double>(pair.segment_time_ns), 123'040, 2'000);
  EXPECT_EQ(pair.at_first.segment_time_ns, pair.at_second.segment_time_ns);
  EXPECT_EQ(pair.at_second.segment_time_source, "own-rate");
  EXPECT_NEAR(pair.shares.second, 2.0 / 3, 0.01);
  EXPECT_NEAR(pair.at_second.compressed_share, 2.0 / 3, 0.01);
}

// By tcpdump on a host and in a namespace whose frames come every 8 ms (golden/pair-generate).
TEST(TwoCaptures, TcpdumpsOwnFilesOfAHostAndAGuest) {
  AcksBetweenOptions options;
  options.acks.link_rate_bps = 20e6;
  const AcksBetweenReport report =
      acks_between(test::golden("pair-host.pcap"), test::golden("pair-guest.pcap"), options);
  EXPECT_FALSE(report.swapped);
  EXPECT_EQ(report.common_packets, 679U);
  const Alignment& alignment = report.alignment;
  EXPECT_EQ(alignment.method, AlignMethod::envelope);
  ASSERT_TRUE(alignment.error_ns);
  EXPECT_LT(*alignment.error_ns, 200'000);
  EXPECT_TRUE(alignment.steps.empty());
  // One machine's clock, set ahead by this in the guest's file.
  for (const Alignment::Piece& piece : alignment.pieces) {
    for (const std::int64_t at : {piece.from_ns, piece.to_ns}) {
      EXPECT_LE(std::abs(alignment.offset_at(at).value() - 3'600'250'000'000), *alignment.error_ns);
    }
  }
  const AcksBetween& pair = report.flows.at(0);
  EXPECT_EQ(pair.flow.src.to_string(), "10.5.0.2:5201");
  EXPECT_FALSE(pair.direction_assumed);
  EXPECT_EQ(pair.matched, 259U);
  EXPECT_EQ(pair.unmatched[0] + pair.unmatched[1] + pair.outside[0] + pair.outside[1], 0U);
  EXPECT_EQ(pair.negative, 0U);
  EXPECT_NEAR(pair.shares.first, 0.008, 0.001);
  EXPECT_NEAR(pair.shares.second, 0.880, 0.01);
  EXPECT_EQ(pair.xi.events, 32U);
  // A frame waits for 8 ms at most, if the carrier is not late itself.
  EXPECT_NEAR(static_cast<double>(pair.added_p50_ns), 4e6, 1e6);
  // 0.27 s of such intervals.
  ASSERT_TRUE(pair.batches);
  EXPECT_NEAR(static_cast<double>(pair.batches->count), 33, 5);
  EXPECT_THAT(acks_between_verdict(pair, report), HasSubstr("strongly compressed between"));

  const AcksBetweenReport swapped =
      acks_between(test::golden("pair-guest.pcap"), test::golden("pair-host.pcap"), options);
  EXPECT_TRUE(swapped.swapped);
  EXPECT_EQ(swapped.flows.at(0).xi.events, 32U);
  EXPECT_EQ(swapped.alignment.offset_ns(), alignment.offset_ns());
}

TEST(TwoCaptures, TwoCapturesAtOnePlaceAreNotSwapped) {
  const auto compared = [](auto&& later) {
    HostAndGuest captures = play({});
    captures.guest = captures.host;
    for (Sighting& s : captures.guest) s.time_ns += later(s);
    return compare(captures);
  };
  // Stamped later than by the first, without an order or by less than any way takes.
  std::mt19937_64 random(4);
  std::uniform_int_distribution<std::int64_t> much(20, 5'000);
  const AcksBetweenReport reports[] = {
      compared([&](const Sighting&) { return much(random); }),
      compared([](const Sighting& s) { return s.segment.payload > 0 ? 700 : 100; })};
  for (const AcksBetweenReport& report : reports) {
    EXPECT_FALSE(report.swapped);
    EXPECT_TRUE(only_flow(report).direction_assumed);
    EXPECT_THAT(acks_between_text(report, false, false), HasSubstr("taken at one place"));
    EXPECT_EQ(only_flow(report).xi.events, 0U);
  }
}

TEST(TwoCaptures, EventsHaveTheirTimesAndPacketsInBothFiles) {
  Scene scene;
  scene.batch = 5;
  const HostAndGuest played = play(scene);
  AcksBetweenOptions options = options_at_100m();
  EXPECT_TRUE(only_flow(compare(played, options)).xi.list.empty()) << "listed on request only";
  options.acks.events = true;
  const AcksBetweenReport report = compare(played, options);
  const CompressionEvents& xi = only_flow(report).xi;
  ASSERT_EQ(xi.list.size(), 400U);
  for (const CompressionEvent& event : xi.list) {
    EXPECT_EQ(event.acks, 5U);
    EXPECT_LT(event.xi, 0.75);
    for (std::size_t i = 0; i < 2; i++) {
      const Sightings& file = i == 0 ? played.host : played.guest;
      const Sighting& first = file.at(event.at[i].packets[0] - 1);
      const Sighting& last = file.at(event.at[i].packets[1] - 1);
      EXPECT_TRUE(first.segment.reverse && last.segment.reverse) << "ACKs";
      EXPECT_EQ(event.at[i].from_ns, first.time_ns) << "by the file's own clock";
      EXPECT_EQ(event.at[i].to_ns, last.time_ns);
      EXPECT_EQ(last.segment.ack - first.segment.ack, 4U * 2896);
    }
  }
  const auto json = nlohmann::json::parse(acks_between_json(report));
  EXPECT_EQ(json["pairs"][0]["xi"]["list"].size(), 400U);
  EXPECT_THAT(acks_between_text(report, true, false), HasSubstr("5 ACKs, xi 0.01"));
}

TEST(TwoCaptures, JsonAndTextHoldTheFigures) {
  Scene scene;
  scene.batch = 5;
  scene.step_at_ns = 250'000'000;
  scene.step_ns = 20'000'000;
  const AcksBetweenReport report = compare(play(scene));
  const auto json = nlohmann::json::parse(acks_between_json(report));
  EXPECT_EQ(json["schema"], "tscope-acks-pair-2");
  ASSERT_EQ(json["files"].size(), 2U);
  EXPECT_EQ(json["files"][0]["schema"], "tscope-acks-2");
  const auto& pair = json["pairs"][0];
  EXPECT_EQ(pair["matched"], report.flows[0].matched);
  EXPECT_EQ(pair["alignment"]["method"], "envelope");
  EXPECT_EQ(pair["alignment"]["steps"].size(), 1U);
  EXPECT_EQ(pair["batches"]["sizes"].back()["acks"], 5);
  EXPECT_TRUE(pair["origin"].is_null());
  const std::string text = acks_between_text(report, true, false);
  EXPECT_THAT(text, HasSubstr("STEP"));
  EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return c > 0; }));
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = text.find('\n', from);
    EXPECT_LE(end - from, 100U) << text.substr(from, end - from);
    from = end + 1;
  }
}

}  // namespace
}  // namespace tscope
