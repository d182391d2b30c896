// SPDX-License-Identifier: MIT
#include "unit/analysis/delay/delay_stream.hpp"

namespace tscope {
namespace {

using namespace test;

constexpr std::int64_t second = 1'000'000'000;
constexpr std::uint8_t fin = 0x11, rst = 0x14, syn = 0x02, ack = 0x10;

Packet in_namespace(Packet packet, std::uint32_t netns) {
  packet.record.netns = netns;
  return packet;
}

TEST(DelayFlows, TwoNamespacesWithEqualAddressesAreTwoFlows) {
  DelayStream stream;
  std::vector<Packet> both;
  for (const std::uint32_t netns : {7U, 8U}) {
    DelayStream one;
    // The second's clock of sequence numbers is another, as is its delay.
    for (std::uint32_t i = 0; i < 100; i++) {
      one.received(i * 10'000 + netns, 1000 + 100 * i + 500'000 * (netns - 7), 100);
    }
    for (const Packet& packet : one.packets) both.push_back(in_namespace(packet, netns));
  }
  std::ranges::stable_sort(both, {}, &Packet::time_ns);
  const DelayReport report = stream.report_as_it_is(both);
  ASSERT_EQ(report.chains.size(), 2U);
  for (const DelayChain& chain : report.chains) EXPECT_EQ(chain.packets, 100U);
  EXPECT_NE(report.chains[0].netns, report.chains[1].netns);
  EXPECT_EQ(pair_of(report, Vantage::driver_rx, Vantage::socket_rx).unmatched(), 0U);
  ASSERT_EQ(report.flows.size(), 2U);
  EXPECT_EQ(report.flows[0].netns, 7U);
  EXPECT_EQ(report.flows[1].netns, 8U);
}

TEST(DelayFlows, ADeviceInAnotherNamespaceServesTheOnlySocket) {
  DelayStream stream;
  for (std::uint32_t i = 0; i < 50; i++) stream.received(i * 10'000, 1000 + 100 * i, 100);
  for (Packet& packet : stream.packets) {
    packet.record.netns = packet.vantage() == Vantage::driver_rx ? 1 : 2;
  }
  EXPECT_EQ(packets_of(stream.report(), Way::receive, PacketKind::data), 50U);
}

TEST(DelayFlows, ClosedConnectionsMakeRoomForNewOnes) {
  DelayStream stream;
  constexpr std::uint32_t connections = DelayAnalysis::max_flows + 3000;
  for (std::uint32_t i = 0; i < connections; i++) {
    Segment segment;
    segment.port = static_cast<std::uint16_t>(20000 + i);
    const std::int64_t time = i * (second / 500);
    const auto passes = [&](std::int64_t at, std::uint8_t flags, std::uint32_t seq,
                            std::uint32_t payload) {
      segment.flags = flags;
      segment.seq = seq;
      segment.payload = payload;
      stream.add(Vantage::driver_rx, at, segment).add(Vantage::socket_rx, at + 100, segment);
    };
    passes(time, syn, 1000, 0);
    passes(time + 10'000, ack, 1001, 100);
    segment.flags = ack;
    stream.add(Vantage::app_rx, time + 12'000, segment);
    passes(time + 20'000, fin, 1101, 0);
  }
  const DelayReport report = stream.report();
  EXPECT_EQ(report.untracked_flows, 0U);
  EXPECT_EQ(report.used, report.records);
  EXPECT_EQ(report.flows.size() + report.flows_left_out, connections);
  EXPECT_EQ(packets_of(report, Way::receive, PacketKind::data), connections);
  const StageCounts pair = pair_of(report, Vantage::driver_rx, Vantage::socket_rx);
  EXPECT_EQ(pair.matched, 3U * connections);
  EXPECT_EQ(pair.unmatched(), 0U);
}

TEST(DelayFlows, OpenConnectionsAreNotGivenUpForNewOnes) {
  DelayStream stream;
  for (std::uint32_t i = 0; i < DelayAnalysis::max_flows + 5; i++) {
    Segment segment;
    segment.port = static_cast<std::uint16_t>(20000 + i);
    stream.add(Vantage::driver_rx, i * 1000, segment);
  }
  EXPECT_EQ(stream.report().untracked_flows, 5U);
}

TEST(DelayFlows, WhatComesForASocketThatWasResetHasNone) {
  DelayStream stream;
  stream.received(0, 1000, 100);
  Segment reset;
  reset.flags = rst;
  reset.seq = 1100;
  stream.add(Vantage::driver_rx, 10'000, reset).add(Vantage::socket_rx, 10'100, reset);
  for (int i = 0; i < 10; i++) stream.add(Vantage::driver_rx, 20'000 + i * 1000, reset);
  const StageCounts pair = pair_of(stream.report(), Vantage::driver_rx, Vantage::socket_rx);
  EXPECT_EQ(only_first(pair, Unmatched::no_socket), 10U);
}

TEST(DelayFlows, TheEndIsThatOfTheCaptureNotOfItsLastPacket) {
  for (const std::int64_t end : {second / 10, 6 * second}) {
    DelayStream stream;
    stream.sent(0, 1000, 100);
    stream.at(Vantage::socket_tx, 50'000, 1100, 100);
    stream.source.end_ns = end;
    const StageCounts pair = pair_of(stream.report(), Vantage::socket_tx, Vantage::qdisc_tx);
    EXPECT_EQ(only_first(pair, Unmatched::end), end < second ? 1U : 0U);
    EXPECT_EQ(only_first(pair, Unmatched::dropped), end < second ? 0U : 1U);
  }
}

TEST(DelayFlows, WithoutCountsOfLossNothingIsCalledDropped) {
  for (const Loss::Known known : {Loss::Known::all, Loss::Known::partly, Loss::Known::none}) {
    DelayStream stream;
    stream.at(Vantage::driver_rx, 0, 1000, 100);
    for (std::uint32_t i = 1; i < 10; i++) stream.received(i * 10'000, 1000 + 100 * i, 100);
    stream.source.lost.known = known;
    const StageCounts pair = pair_of(stream.report(), Vantage::driver_rx, Vantage::socket_rx);
    EXPECT_EQ(only_first(pair, Unmatched::dropped), known == Loss::Known::all ? 1U : 0U);
    EXPECT_EQ(only_first(pair, Unmatched::unknown), known == Loss::Known::all ? 0U : 1U);
  }
}

TEST(DelayFlows, AnyTimesCanBeTakenApart) {
  DelayStream stream;
  for (const std::int64_t time :
       {INT64_MIN, INT64_MIN + 1, std::int64_t{0}, INT64_MAX - 1, INT64_MAX}) {
    for (const Vantage at : {Vantage::driver_rx, Vantage::socket_rx, Vantage::app_rx}) {
      stream.at(at, time, 1000, 100);
    }
  }
  const DelayReport report = stream.report_as_it_is(stream.packets);
  EXPECT_EQ(report.records, 15U);
}

TEST(DelayFlows, TheLongestTimeHasItsPackets) {
  DelayStream stream;
  for (std::uint32_t i = 0; i < 20; i++) stream.received(i * 10'000, 1000 + 100 * i, 100);
  for (std::size_t i = 0; i < stream.packets.size(); i++) stream.packets[i].number = i + 1;
  stream.packets[3 * 7 + 2].time_ns += 5000;  // the eighth packet's read is late
  const DelayReport report = stream.report();
  const DelayChain* chain = chain_of(report, Way::receive, PacketKind::data);
  ASSERT_NE(chain, nullptr);
  EXPECT_EQ(chain->total.max_ns, 6100);
  EXPECT_EQ(chain->total.max_at_ns, 70'000);
  EXPECT_EQ(chain->total.max_packets, (std::array<std::uint64_t, 2>{22, 24}));
  EXPECT_EQ(chain->stages[1].max_packets, (std::array<std::uint64_t, 2>{23, 24}));
}

TEST(DelayFlows, ALayerThatSawNothingIsNamed) {
  DelayStream stream;
  for (std::uint32_t i = 0; i < 20; i++) {
    stream.at(Vantage::driver_rx, i * 1000, 1000 + 100 * i, 100);
    stream.at(Vantage::socket_rx, i * 1000 + 100, 1000 + 100 * i, 100);
  }
  stream.source.facts_["vantage_points"] = "driver-rx, socket-rx, app-rx, app-tx";
  const DelayReport report = stream.report();
  ASSERT_EQ(report.silent.size(), 1U);  // nothing was sent, so nothing is missing there
  EXPECT_EQ(report.silent[0].vantage, Vantage::app_rx);
  EXPECT_EQ(report.silent[0].nearest, Vantage::socket_rx);
}

TEST(DelayFlows, AConnectionWithoutCallsIsNotUnread) {
  DelayStream stream;
  stream.received(0, 1000, 100);
  Segment other;
  other.port = 40002;
  other.payload = 100;
  for (const Vantage at : {Vantage::driver_rx, Vantage::socket_rx}) {
    stream.add(at, at == Vantage::driver_rx ? 5000 : 5100, other);
  }
  const StageCounts pair = pair_of(stream.report(), Vantage::socket_rx, Vantage::app_rx);
  EXPECT_EQ(only_first(pair, Unmatched::no_call), 1U);
}

TEST(DelayFlows, AddressesThatChangeAreNamed) {
  DelayStream stream;
  for (std::uint32_t i = 0; i < 20; i++) {
    stream.at(Vantage::driver_rx, i * 1000, 1000 + 100 * i, 100);
    stream.at(Vantage::socket_rx, i * 1000 + 100, 1000 + 100 * i, 100);
    stream.at(Vantage::app_rx, i * 1000 + 200, 1000 + 100 * i, 100);
  }
  for (Packet& packet : stream.packets) {
    if (packet.vantage() == Vantage::driver_rx) packet.record.header[19] = 99;
  }
  const DelayReport report = stream.report();
  ASSERT_EQ(report.changed_addresses.size(), 1U);
  EXPECT_EQ(report.changed_addresses[0].at_driver.dst.to_string(), "10.0.0.99:5201");
  EXPECT_EQ(report.changed_addresses[0].at_socket.dst.to_string(), "10.0.0.2:5201");
  // What was found is told all the same.
  ASSERT_EQ(report.chains.size(), 1U);
  EXPECT_TRUE(report.chains[0].partial);
  EXPECT_EQ(report.chains[0].packets, 20U);
  EXPECT_EQ(report.chains[0].total.from, Vantage::socket_rx);
}

}  // namespace
}  // namespace tscope
