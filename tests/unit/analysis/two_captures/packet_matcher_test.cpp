// SPDX-License-Identifier: MIT
#include "analysis/two_captures/packet_matcher.hpp"

#include <gmock/gmock.h>

#include "analysis/two_captures/side_by_side.hpp"
#include "unit/analysis/two_captures/two_captures.hpp"

namespace tscope {
namespace {

using test::compare;
using test::HostAndGuest;
using test::only_flow;
using test::pcap_of;
using test::play;
using test::Scene;
using test::Sighting;

TEST(PacketMatching, LossesAndWhatOnlyOneSawAreCounted) {
  HostAndGuest captures = play({});
  int acks = 0;
  std::erase_if(captures.guest,
                [&](const Sighting& s) { return s.segment.payload == 0 && acks++ % 10 == 4; });
  int host_acks = 0;
  std::erase_if(captures.host,
                [&](const Sighting& s) { return s.segment.payload == 0 && host_acks++ % 20 == 7; });
  const AcksBetweenReport report = compare(captures);
  const AcksBetween& pair = only_flow(report);
  EXPECT_EQ(pair.matched, 1700U);
  EXPECT_EQ(pair.unmatched[0], 200U);
  EXPECT_EQ(pair.unmatched[1], 100U);
  EXPECT_EQ(pair.negative, 0U);
}

TEST(PacketMatching, WhatOneDidNotRecordYetIsNoLoss) {
  HostAndGuest captures = play({});
  const auto early = [&](const Sighting& s) { return s.time_ns < test::epoch + 100'000'000; };
  std::erase_if(captures.host, early);
  const std::int64_t end = captures.guest.back().time_ns - 150'000'000;
  std::erase_if(captures.guest, [&](const Sighting& s) { return s.time_ns > end; });
  const AcksBetweenReport report = compare(captures);
  const AcksBetween& pair = only_flow(report);
  EXPECT_EQ(pair.unmatched[0] + pair.unmatched[1], 0U);
  EXPECT_NEAR(static_cast<double>(pair.outside[0]), 150e6 / 246'080, 3);
  EXPECT_NEAR(static_cast<double>(pair.outside[1]), 100e6 / 246'080, 3);
  EXPECT_EQ(pair.matched + pair.outside[0] + pair.outside[1], 2000U);
}

TEST(PacketMatching, EqualAcksMatchInTheirOrderWithoutTimestampsOrIds) {
  for (const bool with_ids : {true, false}) {
    Scene scene;
    scene.timestamps = false;
    scene.ip_ids = with_ids;
    HostAndGuest captures = play(scene);
    // Ten duplicates of every hundredth ACK.
    for (auto* file : {&captures.host, &captures.guest}) {
      test::Sightings more;
      int acks = 0;
      for (const Sighting& s : *file) {
        more.push_back(s);
        if (s.segment.payload > 0 || acks++ % 100 != 0) continue;
        for (int i = 1; i <= 10; i++) {
          more.push_back(s);
          more.back().time_ns += i * 1'000;
          if (with_ids) more.back().segment.ip_id = static_cast<std::uint16_t>(30'000 + i);
        }
      }
      std::ranges::stable_sort(more, {}, &Sighting::time_ns);
      *file = more;
    }
    const AcksBetweenReport report = compare(captures);
    EXPECT_EQ(only_flow(report).matched, 2200U);
    EXPECT_EQ(only_flow(report).unmatched[0] + only_flow(report).unmatched[1], 0U);
    EXPECT_LT(only_flow(report).added_max_ns, 1'000'000);
    EXPECT_EQ(report.alignment_note.empty(), with_ids);
    EXPECT_TRUE(report.alignment.steps.empty());
  }
}

TEST(PacketMatching, AShortSnapLengthStillMatches) {
  const HostAndGuest captures = play({});
  // IP and TCP header without the options: no timestamps.
  const AcksBetweenReport report = compare(*pcap_of(captures.host, 40), *pcap_of(captures.guest));
  EXPECT_EQ(only_flow(report).matched, 2000U);
  EXPECT_EQ(only_flow(report).negative, 0U);
}

TEST(PacketMatching, SegmentsMergedByOffloadsAlignStill) {
  HostAndGuest captures = play({});
  // The guest hands both segments of an ACK to its driver as one.
  test::Sightings merged;
  int data = 0;
  std::size_t last_data = 0;
  for (const Sighting& s : captures.guest) {
    if (s.segment.payload > 0 && data++ % 2 == 1) {
      merged[last_data].segment.payload = 2896;
      continue;
    }
    if (s.segment.payload > 0) last_data = merged.size();
    merged.push_back(s);
  }
  captures.guest = merged;
  const AcksBetweenReport report = compare(captures);
  EXPECT_EQ(only_flow(report).matched, 2000U);
  EXPECT_TRUE(report.alignment.steps.empty());
  ASSERT_TRUE(report.alignment.error_ns);
  EXPECT_LT(*report.alignment.error_ns, 60'000);
}

TEST(PacketMatching, CopiesFromOtherDevicesAreLeftOut) {
  HostAndGuest captures = play({});
  test::Sightings twice;
  for (const Sighting& s : captures.host) {
    twice.push_back(s);
    twice.push_back(s);
    twice.back().time_ns += 5'000;
  }
  std::ranges::stable_sort(twice, {}, &Sighting::time_ns);
  captures.host = twice;
  const AcksBetweenReport report = compare(captures);
  EXPECT_EQ(only_flow(report).matched, 2000U);
  EXPECT_EQ(report.reports[0].census.copies, captures.host.size() / 2) << "left out on reading";
  EXPECT_EQ(only_flow(report).unmatched[0], 0U);
  EXPECT_EQ(only_flow(report).negative, 0U);
  EXPECT_TRUE(report.alignment_note.empty());
  EXPECT_NEAR(static_cast<double>(only_flow(report).added_p50_ns), 36'931,
              static_cast<double>(report.alignment.error_ns.value()));
}

TEST(PacketMatching, AcksInsideAMergedRecordAreNotLost) {
  Scene scene;
  scene.sockets = true;
  const HostAndGuest captures = play(scene);
  test::Sightings guest;
  int acks = 0;
  for (const Sighting& s : captures.guest) {
    const bool received = s.at.vantage == Vantage::driver_rx;
    if (received && ++acks % 4 != 0) continue;
    guest.push_back(s);
    if (received) guest.back().segs = 4;
  }
  const AcksBetweenReport report =
      compare(*pcap_of(captures.host), *test::tscope_file_of(guest, {}));
  EXPECT_EQ(only_flow(report).matched, 500U);
  EXPECT_GE(only_flow(report).merged, 1490U);
  EXPECT_LE(only_flow(report).unmatched[0], 10U);
}

TEST(PacketMatching, IpIdentificationTellsEqualAcksApart) {
  // Of one segment, or as the sender's stack hands several to its device at once.
  for (const auto segs : {std::uint16_t{1}, std::uint16_t{4}}) {
    std::vector<std::pair<int, int>> matched;
    PacketMatcher matcher(
        [&](const PacketMatcher::Match& m) {
          matched.emplace_back(m.first.identity.ip_id.value, m.second.identity.ip_id.value);
        },
        [](int, const PacketStamp&) {});
    PacketStamp packet;
    packet.segs = packet.identity.ip_id.segs = segs;
    packet.identity.ip_id.real = true;
    for (std::uint16_t id = 1; id <= 3; id++) {
      packet.identity.ip_id.value = id;
      matcher.add(0, packet, id);
    }
    packet.identity.ip_id.value = 2;
    matcher.add(1, packet, 4);
    packet.identity.ip_id.real = false;  // could be any
    matcher.add(1, packet, 5);
    EXPECT_THAT(matched, testing::ElementsAre(std::pair(2, 2), std::pair(1, 2))) << segs;
  }
}

TEST(TickScale, TicksOfADamagedFileGiveSomeTimeFarAway) {
  const TickScale scale{1000, 4'000'000'000'000'000'000, 1e9};
  EXPECT_EQ(scale.to_ns(1002), 4'000'000'002'000'000'000);
  EXPECT_GT(scale.to_ns(1'000'000'000'000), scale.base_ns);
  EXPECT_LT(scale.to_ns(3ULL << 62), scale.base_ns);
}

}  // namespace
}  // namespace tscope
