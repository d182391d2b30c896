// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "unit/analysis/delay/delay_stream.hpp"

namespace tscope {
namespace {

using namespace test;
using testing::ElementsAre;

constexpr std::uint32_t mss = 1448;
constexpr std::int64_t second = 1'000'000'000;

TEST(DelaySend, StagesOfAPlainPacket) {
  DelayStream stream;
  for (std::uint32_t i = 0; i < 100; i++) {
    stream.sent(i * 1000, 1 + i * mss, mss, static_cast<std::uint16_t>(i));
  }
  const DelayReport report = stream.report();
  const DelayChain* chain = chain_of(report, Way::send, PacketKind::data);
  ASSERT_NE(chain, nullptr);
  EXPECT_EQ(chain->packets, 100U);
  EXPECT_EQ(chain->device, "eth0");
  EXPECT_THAT(longest(*chain), ElementsAre(10, 20, 30));
  EXPECT_EQ(chain->total.p50_ns, 60);
  EXPECT_DOUBLE_EQ(chain->stages[2].share, 0.5);
  expect_stages_sum_to_totals(report);
  for (const StageCounts& pair : report.stages) {
    EXPECT_EQ(pair.matched, 100U);
    EXPECT_EQ(pair.unmatched(), 0U);
  }
}

// One call, one TSO record down to the qdisc, cut into segments above the driver.
TEST(DelaySend, SegmentsOfOneRecordHaveTheCallThatWroteTheirLastByte) {
  DelayStream stream;
  stream.at(Vantage::app_tx, 1000, 1, 2 * mss + 100)
      .at(Vantage::app_tx, 2000, 1 + 2 * mss + 100, 2 * mss);
  stream.at(Vantage::socket_tx, 3000, 1, 4 * mss, 4).at(Vantage::qdisc_tx, 3100, 1, 4 * mss, 4, 77);
  for (std::uint32_t i = 0; i < 4; i++) {
    stream.at(Vantage::driver_tx, 4000 + i, 1 + i * mss, mss, 1,
              static_cast<std::uint16_t>(77 + i));
  }
  const DelayReport report = stream.report();
  const DelayChain* chain = chain_of(report, Way::send, PacketKind::data);
  ASSERT_NE(chain, nullptr);
  EXPECT_EQ(chain->packets, 4U);
  // Two segments end in the first call, two in the second.
  EXPECT_EQ(chain->stages[0].sum_ns, 2 * 2000 + 2 * 1000);
  EXPECT_EQ(pair_of(report, Vantage::qdisc_tx, Vantage::driver_tx).matched, 4U);
  EXPECT_EQ(pair_of(report, Vantage::qdisc_tx, Vantage::driver_tx).unmatched(), 0U);
  expect_stages_sum_to_totals(report);
}

TEST(DelaySend, ARetransmissionHasNoCall) {
  DelayStream stream;
  stream.sent(0, 1, mss, 1).sent(1000, 1 + mss, mss, 2).sent(2000, 1 + 2 * mss, mss, 3);
  stream.at(Vantage::socket_tx, 5000, 1 + mss, mss).at(Vantage::qdisc_tx, 5005, 1 + mss, mss, 1, 4);
  stream.at(Vantage::driver_tx, 5012, 1 + mss, mss, 1, 4);
  const DelayReport report = stream.report();
  EXPECT_EQ(packets_of(report, Way::send, PacketKind::data), 3U);
  const DelayChain* again = chain_of(report, Way::send, PacketKind::retransmission);
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(again->packets, 1U);
  EXPECT_THAT(longest(*again), ElementsAre(5, 7));
  EXPECT_EQ(pair_of(report, Vantage::app_tx, Vantage::socket_tx).unmatched(), 0U);
}

// Both copies are in the queue at once: the IP identification tells which is which.
TEST(DelaySend, CopiesInTheQueueAreToldByTheirIpId) {
  DelayStream stream;
  stream.at(Vantage::app_tx, 0, 1, mss);
  for (int copy = 0; copy < 2; copy++) {
    stream.at(Vantage::socket_tx, 10 + copy * 100, 1, mss);
    stream.at(Vantage::qdisc_tx, 20 + copy * 100, 1, mss, 1, static_cast<std::uint16_t>(7 + copy));
    stream.at(Vantage::driver_tx, 5020 + copy * 100, 1, mss, 1,
              static_cast<std::uint16_t>(7 + copy));
  }
  const DelayReport report = stream.report();
  EXPECT_THAT(longest(*chain_of(report, Way::send, PacketKind::data)), ElementsAre(10, 10, 5000));
  EXPECT_THAT(longest(*chain_of(report, Way::send, PacketKind::retransmission)),
              ElementsAre(10, 5000));
}

TEST(DelaySend, WhatTheQueueDropsIsCountedThere) {
  DelayStream stream;
  for (std::uint32_t i = 0; i < 100; i++) {
    const std::uint32_t seq = 1 + i * mss;
    stream.sent(i * 1000, seq, mss, static_cast<std::uint16_t>(i));
    if (i % 10 == 5) stream.packets.pop_back();
  }
  const DelayReport report = stream.report();
  const StageCounts pair = pair_of(report, Vantage::qdisc_tx, Vantage::driver_tx);
  EXPECT_EQ(pair.matched, 90U);
  EXPECT_EQ(only_first(pair, Unmatched::dropped), 10U);
  EXPECT_EQ(pair.unmatched(), 10U);
  EXPECT_EQ(packets_of(report, Way::send, PacketKind::data), 90U);
}

TEST(DelaySend, LostRecordsAreTheLossUpToItsNumber) {
  DelayStream stream;
  for (std::uint32_t i = 0; i < 100; i++) stream.sent(i * 1000, 1 + i * mss, mss);
  std::erase_if(stream.packets, [](const Packet& packet) {
    return packet.vantage() == Vantage::qdisc_tx && packet.time_ns / 1000 % 20 == 10;
  });
  stream.source.lost.dropped[TSCOPE_QDISC_TX][TSCOPE_LOST_FULL].records = 3;
  const DelayReport report = stream.report();
  const StageCounts pair = pair_of(report, Vantage::socket_tx, Vantage::qdisc_tx);
  EXPECT_EQ(pair.matched, 95U);
  EXPECT_EQ(only_first(pair, Unmatched::lost), 3U);
  EXPECT_EQ(only_first(pair, Unmatched::unexplained), 2U);
  EXPECT_EQ(pair.unmatched(), 5U);
}

TEST(DelaySend, SequenceNumbersWrap) {
  DelayStream stream;
  for (std::uint32_t i = 0; i < 50; i++) {
    stream.sent(i * 1000, 0U - 20 * mss - 7 + i * mss, mss, static_cast<std::uint16_t>(i));
  }
  const DelayReport report = stream.report();
  EXPECT_EQ(packets_of(report, Way::send, PacketKind::data), 50U);
  for (const StageCounts& pair : report.stages) EXPECT_EQ(pair.unmatched(), 0U);
}

// A call on a full buffer asks for more than it takes; the next one begins where it ended.
TEST(DelaySend, ACallThatTookLessThanItAskedFor) {
  DelayStream stream;
  stream.at(Vantage::app_tx, 0, 1, 10 * mss).at(Vantage::app_tx, 100, 1, 10 * mss);
  stream.at(Vantage::app_tx, 1000, 1 + mss, 10 * mss);
  stream.at(Vantage::socket_tx, 1500, 1, mss).at(Vantage::driver_tx, 1600, 1, mss);
  stream.at(Vantage::socket_tx, 2000, 1 + mss, mss).at(Vantage::driver_tx, 2100, 1 + mss, mss);
  const DelayReport report = stream.report();
  const DelayChain* chain = chain_of(report, Way::send, PacketKind::data);
  ASSERT_NE(chain, nullptr);
  EXPECT_EQ(chain->stages[0].sum_ns, 1400 + 1000);
}

TEST(DelaySend, ControlSegmentsHaveNoCallAndSomeNoSocket) {
  DelayStream stream;
  stream.sent(0, 1, mss);
  stream.sent(1000, 1 + mss, 0);
  Segment syn_ack;
  syn_ack.seq = 0;
  syn_ack.flags = 0x12;
  stream.add(Vantage::qdisc_tx, -500, syn_ack).add(Vantage::driver_tx, -400, syn_ack);
  const DelayReport report = stream.report();
  EXPECT_EQ(packets_of(report, Way::send, PacketKind::control), 1U);
  const StageCounts pair = pair_of(report, Vantage::socket_tx, Vantage::qdisc_tx);
  EXPECT_EQ(pair.matched, 2U);
  EXPECT_EQ(only_second(pair, Unmatched::no_socket), 1U);
  EXPECT_EQ(pair.unmatched(), 1U);
}

TEST(DelaySend, ACaptureThatBeginsAndEndsInMidFlow) {
  DelayStream stream;
  stream.at(Vantage::driver_tx, 0, 1, mss);  // queued before
  stream.at(Vantage::qdisc_tx, 10, 1 + mss, mss).at(Vantage::driver_tx, 20, 1 + mss, mss);
  stream.at(Vantage::socket_tx, 30, 1 + 2 * mss, mss).at(Vantage::qdisc_tx, 31, 1 + 2 * mss, mss);
  stream.at(Vantage::driver_tx, 32, 1 + 2 * mss, mss);
  stream.sent(1000, 1 + 3 * mss, mss).sent(2000, 1 + 4 * mss, mss);
  stream.packets.pop_back();
  const DelayReport report = stream.report();
  EXPECT_EQ(packets_of(report, Way::send, PacketKind::data), 1U);
  const StageCounts app = pair_of(report, Vantage::app_tx, Vantage::socket_tx);
  EXPECT_EQ(only_second(app, Unmatched::begin), 1U);
  const StageCounts socket = pair_of(report, Vantage::socket_tx, Vantage::qdisc_tx);
  EXPECT_EQ(only_second(socket, Unmatched::begin), 1U);
  const StageCounts queue = pair_of(report, Vantage::qdisc_tx, Vantage::driver_tx);
  EXPECT_EQ(only_second(queue, Unmatched::begin), 1U);
  EXPECT_EQ(only_first(queue, Unmatched::end), 1U);
  EXPECT_EQ(queue.matched, 3U);
}

TEST(DelaySend, AStageBelowZeroIsCountedNotAveraged) {
  DelayStream stream;
  for (std::uint32_t i = 0; i < 20; i++) stream.sent(i * 1000, 1 + i * mss, mss);
  stream.at(Vantage::app_tx, 30'000, 1 + 20 * mss, mss)
      .at(Vantage::socket_tx, 30'010, 1 + 20 * mss, mss);
  stream.at(Vantage::qdisc_tx, 30'020, 1 + 20 * mss, mss)
      .at(Vantage::driver_tx, 30'015, 1 + 20 * mss, mss);
  const DelayReport report = stream.report();
  const DelayChain* chain = chain_of(report, Way::send, PacketKind::data);
  EXPECT_EQ(chain->packets, 21U);
  EXPECT_EQ(chain->negative, 1U);
  EXPECT_EQ(chain->total.sum_ns, 20 * 60);
  EXPECT_EQ(chain->total.max_ns, 60);
}

TEST(DelaySend, StampsOfTwoClocksAreInconsistent) {
  DelayStream stream;
  stream.sent(0, 1, mss).sent(1000, 1 + mss, mss);
  stream.packets.back().record.clock = TSCOPE_CLOCK_MONOTONIC;
  const DelayReport report = stream.report();
  const DelayChain* chain = chain_of(report, Way::send, PacketKind::data);
  EXPECT_EQ(chain->inconsistent, 1U);
  EXPECT_EQ(chain->total.sum_ns, 60);
}

// A bridge over a device: both have their own chain from the same socket record.
TEST(DelaySend, TwoDevicesOneAboveTheOther) {
  DelayAnalysis analysis({});
  DelayStream stream;
  for (std::uint32_t i = 0; i < 200; i++) {
    const std::uint32_t seq = 1 + i * mss;
    const std::int64_t time = i * 1000;
    stream.packets.clear();
    stream.sent(time, seq, mss, static_cast<std::uint16_t>(i));
    for (const Packet& packet : stream.packets) analysis.add(packet, {"br0", packet.vantage()});
    stream.packets.clear();
    stream.at(Vantage::qdisc_tx, time + 70, seq, mss, 1, static_cast<std::uint16_t>(i));
    stream.at(Vantage::driver_tx, time + 75, seq, mss, 1, static_cast<std::uint16_t>(i));
    for (const Packet& packet : stream.packets) analysis.add(packet, {"eth0", packet.vantage()});
  }
  const DelayReport report = analysis.finish(stream.source);
  ASSERT_EQ(report.chains.size(), 2U);
  for (const DelayChain& chain : report.chains) {
    EXPECT_EQ(chain.packets, 200U);
    EXPECT_EQ(chain.kind, PacketKind::data);
    EXPECT_EQ(chain.total.max_ns, chain.device == "br0" ? 60 : 75);
  }
}

TEST(DelaySend, ForwardedPacketsAreNoFailure) {
  DelayStream stream;
  stream.sent(0, 1, mss);
  const DelayReport own = stream.report();
  for (std::uint32_t i = 0; i < 5; i++) {
    Segment segment;
    segment.seq = 1 + i * mss;
    segment.payload = mss;
    segment.port = 50000;
    stream.add(Vantage::driver_rx, i * 1000, segment).add(Vantage::qdisc_tx, i * 1000 + 5, segment);
    stream.add(Vantage::driver_tx, i * 1000 + 9, segment);
  }
  const DelayReport report = stream.report();
  EXPECT_EQ(report.forwarded, 5U);
  EXPECT_EQ(pair_of(report, Vantage::socket_tx, Vantage::qdisc_tx).unmatched(), 0U);
  EXPECT_EQ(packets_of(report, Way::send, PacketKind::data),
            packets_of(own, Way::send, PacketKind::data));
}

TEST(DelaySend, AnotherConnectionOnTheSamePorts) {
  DelayStream stream;
  Segment syn;
  syn.flags = 0x02;
  for (std::uint32_t round = 0; round < 3; round++) {
    const std::uint32_t isn = round * 3'000'000'000U;
    const std::int64_t time = round * second;
    syn.seq = isn;
    stream.add(Vantage::socket_tx, time, syn).add(Vantage::qdisc_tx, time + 1, syn);
    stream.add(Vantage::driver_tx, time + 2, syn);
    for (std::uint32_t i = 0; i < 10; i++)
      stream.sent(time + 1'000'000 + i * 1000, isn + 1 + i * mss, mss);
  }
  const DelayReport report = stream.report();
  EXPECT_EQ(packets_of(report, Way::send, PacketKind::data), 30U);
  EXPECT_EQ(packets_of(report, Way::send, PacketKind::retransmission), 0U);
  for (const StageCounts& pair : report.stages) EXPECT_EQ(pair.unmatched(), 0U);
}

TEST(DelaySend, WaitingIsBounded) {
  DelayStream stream;
  constexpr std::uint32_t count = 50'000;
  for (std::uint32_t i = 0; i < count; i++) {
    stream.at(Vantage::socket_tx, i * 1000LL, 1 + i * mss, mss);
    if (i == 0) stream.at(Vantage::qdisc_tx, 1, 1, mss);
  }
  const StageCounts pair = pair_of(stream.report(), Vantage::socket_tx, Vantage::qdisc_tx);
  EXPECT_EQ(pair.matched, 1U);
  EXPECT_EQ(pair.unmatched(), count - 1);
  EXPECT_GT(only_first(pair, Unmatched::evicted), 30'000U);
}

}  // namespace
}  // namespace tscope
