// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <random>

#include "analysis/delay/packet_follower.hpp"
#include "unit/analysis/delay/delay_stream.hpp"

namespace tscope {
namespace {

using namespace test;
using testing::ElementsAre;

constexpr std::uint32_t mss = 1448;

TEST(DelayReceive, StagesOfAPlainPacket) {
  DelayStream stream;
  for (std::uint32_t i = 0; i < 100; i++) stream.received(i * 5000, 1 + i * mss, mss);
  const DelayReport report = stream.report();
  const DelayChain* chain = chain_of(report, Way::receive, PacketKind::data);
  ASSERT_NE(chain, nullptr);
  EXPECT_EQ(chain->packets, 100U);
  EXPECT_THAT(longest(*chain), ElementsAre(100, 1000));
  EXPECT_EQ(chain->total.max_ns, 1100);
  expect_stages_sum_to_totals(report);
  for (const StageCounts& pair : report.stages) EXPECT_EQ(pair.unmatched(), 0U);
}

// GRO makes one record of eight frames; two calls read it.
TEST(DelayReceive, MergedFramesEachHaveTheirOwnWay) {
  DelayStream stream;
  for (std::uint32_t i = 0; i < 8; i++) {
    stream.at(Vantage::driver_rx, i * 10, 1 + i * mss, mss, 1, static_cast<std::uint16_t>(i));
  }
  stream.at(Vantage::socket_rx, 100, 1, 8 * mss, 8);
  stream.at(Vantage::app_rx, 200, 1, 3 * mss + 5)
      .at(Vantage::app_rx, 1000, 1 + 3 * mss + 5, 5 * mss - 5);
  const DelayReport report = stream.report();
  const DelayChain* chain = chain_of(report, Way::receive, PacketKind::data);
  ASSERT_NE(chain, nullptr);
  EXPECT_EQ(chain->packets, 8U);
  EXPECT_EQ(chain->stages[0].max_ns, 100);
  EXPECT_EQ(chain->stages[1].sum_ns, 3 * 100 + 5 * 900);
  const StageCounts pair = pair_of(report, Vantage::driver_rx, Vantage::socket_rx);
  EXPECT_EQ(pair.matched, 8U);
  EXPECT_EQ(pair.merged, 8U);
  expect_stages_sum_to_totals(report);
}

TEST(DelayReceive, AcksThatTheBacklogMerged) {
  DelayStream stream;
  Segment ack;
  for (std::uint32_t i = 1; i <= 6; i++) {
    ack.ack = i * 2 * mss;
    ack.seq = 1;
    stream.add(Vantage::driver_rx, i * 10, ack);
    if (i % 3 != 0) continue;
    Segment merged = ack;
    merged.segs = 3;
    merged.record_flags = TSCOPE_F_COALESCED;
    stream.add(Vantage::socket_rx, i * 10 + 5, merged);
  }
  const DelayReport report = stream.report();
  EXPECT_EQ(packets_of(report, Way::receive, PacketKind::control), 6U);
  const StageCounts pair = pair_of(report, Vantage::driver_rx, Vantage::socket_rx);
  EXPECT_EQ(pair.matched, 6U);
  EXPECT_EQ(pair.unmatched(), 0U);
}

// What came behind a hole waits for the retransmission; that wait is the application's.
// virtio and tun leave a large frame's segments uncounted, so the backlog counts it as one.
TEST(DelayReceive, LargeFramesThatTheBacklogMerged) {
  DelayStream stream;
  constexpr std::uint32_t large = 44 * mss;
  for (std::uint32_t i = 0; i < 20; i++) {
    const std::uint32_t seq = 1 + 2 * i * large;
    stream.at(Vantage::driver_rx, i * 10'000, seq, large, 44);
    stream.at(Vantage::driver_rx, i * 10'000 + 100, seq + large, large, 44);
    stream.at(Vantage::socket_rx, i * 10'000 + 500, seq, 2 * large, 2);
    stream.at(Vantage::app_rx, i * 10'000 + 900, seq, 2 * large);
  }
  const DelayReport report = stream.report();
  EXPECT_EQ(packets_of(report, Way::receive, PacketKind::data), 40U);
  const StageCounts pair = pair_of(report, Vantage::driver_rx, Vantage::socket_rx);
  EXPECT_EQ(pair.matched, 40U);
  EXPECT_EQ(pair.merged, 40U);
  EXPECT_EQ(pair.unmatched(), 0U);
  expect_stages_sum_to_totals(report);
}

// As BPF programs capture where a machine refuses them at functions.
TEST(DelayReceive, FromTheDriverToTheReadWhereTheSocketIsNotCaptured) {
  DelayStream stream;
  constexpr std::uint32_t frames = 40'000;  // more than may wait
  for (std::uint32_t i = 0; i < frames; i++) {
    stream.at(Vantage::driver_rx, i * 100'000LL, 1 + i * mss, mss);
    if (i % 2 == 1) stream.at(Vantage::app_rx, i * 100'000LL + 3000, 1 + (i - 1) * mss, 2 * mss);
    if (i % 1000 == 500) stream.at(Vantage::driver_rx, i * 100'000LL + 10, 1 + i * mss, mss);
    if (i % 1000 == 501) {
      stream.at(Vantage::driver_rx, i * 100'000LL + 10'000, 1 + (i - 400) * mss, mss);
    }
    stream.at(Vantage::driver_rx, i * 100'000LL + 20, 1 + i * mss, 0);
  }
  stream.at(Vantage::driver_rx, frames * 100'000LL, 1 + frames * mss, mss);
  const DelayReport report = stream.report();
  const StageCounts pair = pair_of(report, Vantage::driver_rx, Vantage::app_rx);
  EXPECT_EQ(pair.matched, frames);
  EXPECT_EQ(pair.unmatched(), 1U);
  EXPECT_EQ(only_first(pair, Unmatched::unread), 1U);
  ASSERT_EQ(report.chains.size(), 1U);
  EXPECT_EQ(report.forwarded, 0U);
  EXPECT_EQ(report.chains[0].packets, frames);
  EXPECT_EQ(report.chains[0].total.max_ns, 103'000);
  const auto duplicate = static_cast<std::size_t>(PacketKind::duplicate);
  EXPECT_EQ(report.flows[0].packets[duplicate], 80U);
}

TEST(DelayReceive, NothingWaitsForWhatIsNotCaptured) {
  DelayStream stream;
  for (std::uint32_t i = 0; i < 3000; i++) stream.at(Vantage::driver_rx, i * 1'000'000LL, 1, 0);
  std::size_t through = 0;
  PacketFollower follower({}, [&](Way, const Unit&) { through++; });
  for (std::size_t i = 0; i < stream.packets.size(); i++) {
    follower.add(stream.packets[i], {"eth0", Vantage::driver_rx});
    if (i == 900) {
      EXPECT_EQ(through, 0U);
    }
  }
  EXPECT_GE(through, 2940U);  // the last ones are held to be put in order
}

TEST(DelayReceive, ReorderingAndAHole) {
  DelayStream stream;
  for (const std::uint32_t i : {0U, 2U, 3U, 1U, 4U}) {
    stream.at(Vantage::driver_rx, 1000 * i + (i == 1 ? 3000 : 0), 1 + i * mss, mss);
    stream.at(Vantage::socket_rx, 1000 * i + (i == 1 ? 3010 : 10), 1 + i * mss, mss);
  }
  stream.at(Vantage::app_rx, 500, 1, mss).at(Vantage::app_rx, 4500, 1 + mss, 4 * mss);
  const DelayReport report = stream.report();
  const DelayChain* chain = chain_of(report, Way::receive, PacketKind::data);
  ASSERT_NE(chain, nullptr);
  EXPECT_EQ(chain->packets, 5U);
  EXPECT_EQ(chain->stages[0].max_ns, 10);
  EXPECT_EQ(chain->stages[1].max_ns, 4500 - 2010);
}

TEST(DelayReceive, DataThatWasThereAlready) {
  DelayStream stream;
  stream.received(0, 1, mss).received(5000, 1 + mss, mss);
  stream.at(Vantage::driver_rx, 9000, 1, mss).at(Vantage::socket_rx, 9100, 1, mss);
  // Twice before it is read.
  stream.at(Vantage::driver_rx, 10'000, 1 + 2 * mss, mss)
      .at(Vantage::socket_rx, 10'010, 1 + 2 * mss, mss);
  stream.at(Vantage::driver_rx, 11'000, 1 + 2 * mss, mss)
      .at(Vantage::socket_rx, 11'010, 1 + 2 * mss, mss);
  stream.at(Vantage::app_rx, 12'010, 1 + 2 * mss, mss);
  const DelayReport report = stream.report();
  EXPECT_EQ(packets_of(report, Way::receive, PacketKind::data), 3U);
  EXPECT_EQ(packets_of(report, Way::receive, PacketKind::duplicate), 2U);
  EXPECT_EQ(chain_of(report, Way::receive, PacketKind::data)->stages[1].max_ns, 2000);
  EXPECT_EQ(pair_of(report, Vantage::socket_rx, Vantage::app_rx).unmatched(), 0U);
}

TEST(DelayReceive, APeekIsNoDelivery) {
  DelayStream stream;
  stream.at(Vantage::driver_rx, 0, 1, mss).at(Vantage::socket_rx, 10, 1, mss);
  Segment peek;
  peek.seq = 1;
  peek.payload = mss;
  peek.record_flags = TSCOPE_F_PEEK;
  stream.add(Vantage::app_rx, 100, peek).at(Vantage::app_rx, 900, 1, mss);
  const DelayReport report = stream.report();
  EXPECT_EQ(report.peeks, 1U);
  EXPECT_EQ(chain_of(report, Way::receive, PacketKind::data)->stages[1].max_ns, 890);
}

// kTLS reads records and gives plaintext: no call's bytes are the stream's.
TEST(DelayReceive, CallsThatAreNotTcpsAreNoDelivery) {
  DelayStream stream;
  Segment segment;
  segment.seq = 1;
  segment.payload = mss;
  segment.record_flags = TSCOPE_F_ULP;
  Segment call;
  call.record_flags = TSCOPE_F_ULP;
  Segment subflow = segment;
  subflow.record_flags = TSCOPE_F_MPTCP;
  stream.at(Vantage::driver_rx, 0, 1, mss)
      .add(Vantage::socket_rx, 10, segment)
      .add(Vantage::app_rx, 100, call)
      .add(Vantage::socket_rx, 200, subflow);
  const DelayReport report = stream.report();
  EXPECT_EQ(report.foreign_calls, 1U);
  EXPECT_EQ(report.foreign_segments, 1U);
  EXPECT_EQ(report.mptcp_segments, 1U);
  EXPECT_EQ(pair_of(report, Vantage::driver_rx, Vantage::socket_rx).matched, 1U);
}

TEST(DelayReceive, WhatNeverArrivesIsCountedWhereItStopped) {
  DelayStream stream;
  for (std::uint32_t i = 0; i < 20; i++) {
    stream.received(i * 5000, 1 + i * mss, mss);
    if (i == 7) stream.packets.erase(stream.packets.end() - 2, stream.packets.end());  // no socket
    if (i == 12) stream.packets.pop_back();  // read, but not seen
    if (i == 19) stream.packets.pop_back();  // not read yet
  }
  const DelayReport report = stream.report();
  EXPECT_EQ(packets_of(report, Way::receive, PacketKind::data), 17U);
  const StageCounts driver = pair_of(report, Vantage::driver_rx, Vantage::socket_rx);
  EXPECT_EQ(driver.matched, 19U);
  EXPECT_EQ(only_first(driver, Unmatched::dropped), 1U);
  const StageCounts app = pair_of(report, Vantage::socket_rx, Vantage::app_rx);
  EXPECT_EQ(app.matched, 17U);
  EXPECT_EQ(only_first(app, Unmatched::unexplained), 1U);
  EXPECT_EQ(only_first(app, Unmatched::unread), 1U);
}

TEST(DelayReceive, FramesWhoseRecordsWereLost) {
  DelayStream stream;
  for (std::uint32_t i = 0; i < 40; i++) {
    if (i % 8 != 3) stream.at(Vantage::driver_rx, i * 10, 1 + i * mss, mss);
    if (i % 4 != 3) continue;
    stream.at(Vantage::socket_rx, i * 10 + 5, 1 + (i - 3) * mss, 4 * mss, 4);
    stream.at(Vantage::app_rx, i * 10 + 8, 1 + (i - 3) * mss, 4 * mss);
  }
  const DelayReport report = stream.report();
  const StageCounts pair = pair_of(report, Vantage::driver_rx, Vantage::socket_rx);
  EXPECT_EQ(pair.matched, 35U);
  EXPECT_EQ(pair.unmatched(), 5U);
  EXPECT_EQ(only_second(pair, Unmatched::unexplained), 5U);
}

// A reader that was late with a record has put it behind others.
TEST(DelayReceive, RecordsThatCameLateFindTheirPlace) {
  DelayStream stream;
  for (std::uint32_t i = 0; i < 100; i++) stream.received(i * 5000, 1 + i * mss, mss);
  std::vector<Packet> shuffled = stream.packets;
  std::ranges::stable_sort(shuffled, {}, &Packet::time_ns);
  std::mt19937 random(1);
  for (std::size_t i = 0; i + 8 < shuffled.size(); i += 8) {
    std::shuffle(shuffled.begin() + static_cast<std::ptrdiff_t>(i),
                 shuffled.begin() + static_cast<std::ptrdiff_t>(i + 8), random);
  }
  const DelayReport report = stream.report_as_it_is(shuffled);
  EXPECT_EQ(packets_of(report, Way::receive, PacketKind::data), 100U);
  EXPECT_EQ(chain_of(report, Way::receive, PacketKind::data)->negative, 0U);
  EXPECT_THAT(longest(*chain_of(report, Way::receive, PacketKind::data)), ElementsAre(100, 1000));
}

TEST(DelayReceive, WithoutReadsTheWayEndsAtTheSocket) {
  DelayStream stream;
  for (std::uint32_t i = 0; i < 30'000; i++) {
    stream.at(Vantage::driver_rx, i * 5000LL, 1 + i * mss, mss);
    stream.at(Vantage::socket_rx, i * 5000LL + 100, 1 + i * mss, mss);
  }
  const DelayReport report = stream.report();
  EXPECT_EQ(packets_of(report, Way::receive, PacketKind::data), 30'000U);
  ASSERT_EQ(report.stages.size(), 1U);
  EXPECT_EQ(report.stages[0].unmatched(), 0U);
}

// Random bursts, merges, losses and retransmissions: every frame is accounted for.
TEST(DelayReceive, EveryFrameIsAccountedFor) {
  std::mt19937 random(11);
  DelayStream stream;
  std::uint64_t frames = 0, dropped = 0;
  std::int64_t time = 0;
  std::uint32_t seq = 0xfff00000;
  for (int round = 0; round < 2000; round++) {
    const auto burst = static_cast<std::uint32_t>(1 + random() % 6);
    const bool drop = random() % 20 == 0;
    const int copies = drop ? 2 : 1;
    for (int copy = 0; copy < copies; copy++) {
      for (std::uint32_t i = 0; i < burst; i++) {
        stream.at(Vantage::driver_rx, time += 100, seq + i * mss, mss);
      }
      frames += burst;
      time += 1000;
      if (copy + 1 < copies) {
        dropped += burst;
        continue;
      }
      stream.at(Vantage::socket_rx, time += 50, seq, burst * mss,
                static_cast<std::uint16_t>(burst));
      stream.at(Vantage::app_rx, time += 300, seq, burst * mss);
    }
    seq += burst * mss;
  }
  const DelayReport report = stream.report();
  const StageCounts pair = pair_of(report, Vantage::driver_rx, Vantage::socket_rx);
  EXPECT_EQ(pair.matched, frames - dropped);
  EXPECT_EQ(only_first(pair, Unmatched::dropped), dropped);
  EXPECT_EQ(pair.unmatched(), dropped);
  EXPECT_EQ(packets_of(report, Way::receive, PacketKind::data), frames - dropped);
  // Held against the copy that got through, not against the one that was dropped.
  EXPECT_LE(chain_of(report, Way::receive, PacketKind::data)->stages[0].max_ns, 5 * 100 + 1050);
  expect_stages_sum_to_totals(report);
}

}  // namespace
}  // namespace tscope
