// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "unit/analysis/delay/delay_stream.hpp"

namespace tscope {
namespace {

using namespace test;
using testing::ElementsAre;

struct Probe {
  std::uint16_t number = 0;
  std::uint16_t ip_id = 0;
  std::uint8_t type = 0;  ///< of ICMP; 0xff: UDP
  bool known_source = true;
  std::uint32_t payload = 64;
};

/// 10.0.0.1 to 10.0.0.2, UDP ports 7000 and 862 or ICMP; the number stands in the payload.
Packet datagram(Vantage vantage, std::int64_t time_ns, const Probe& probe) {
  Packet packet;
  packet.time_ns = time_ns;
  tscope_record& r = packet.record;
  const bool call = vantage == Vantage::app_tx;
  const bool udp = probe.type == 0xff;
  r.tsc = static_cast<std::uint64_t>(time_ns);
  r.clock = TSCOPE_CLOCK_TSC;
  r.vantage = static_cast<std::uint8_t>(vantage);
  r.kind = TSCOPE_PACKET;
  r.segs = 1;
  const bool no_id = call || vantage == Vantage::socket_tx;
  r.flags = no_id ? TSCOPE_F_SYNTH_IP : 0;
  r.wire_len = 28 + probe.payload;
  r.header_len = call ? 28 : 30;
  std::uint8_t* h = r.header;
  const auto put16 = [&](int at, std::uint32_t v) {
    h[at] = static_cast<std::uint8_t>(v >> 8);
    h[at + 1] = static_cast<std::uint8_t>(v);
  };
  h[0] = 0x45;
  put16(2, r.wire_len);
  if (!no_id) put16(4, probe.ip_id);
  h[9] = udp ? 17 : 1;
  if (!call || probe.known_source) {
    put16(12, 0x0a00);
    put16(14, 1);
  }
  put16(16, 0x0a00);
  put16(18, 2);
  if (udp) {
    if (!call || probe.known_source) put16(20, 7000);
    put16(22, 862);
    put16(24, 8 + probe.payload);
    put16(26, vantage == Vantage::driver_tx ? 0xbeef : 1);  // the checksum is filled in on the way
  } else {
    h[20] = probe.type;
    if (!call) put16(24, 77);
  }
  if (!call) put16(28, probe.number);
  return packet;
}

DelayReport report_of(std::vector<Packet> packets) {
  std::ranges::stable_sort(packets, {}, &Packet::time_ns);
  return DelayStream().report_as_it_is(packets);
}

constexpr std::array way_out{Vantage::app_tx, Vantage::socket_tx, Vantage::qdisc_tx,
                             Vantage::driver_tx};
constexpr std::array way_in{Vantage::driver_rx, Vantage::socket_rx, Vantage::app_rx};

TEST(DelayDatagram, StampsOfTheNic) {
  std::vector<Packet> packets;
  for (std::uint16_t i = 0; i < 20; i++) {
    const Probe probe{i, i, 0xff};
    std::int64_t time = i * 1000;
    for (const Vantage at : way_out) packets.push_back(datagram(at, time += 10, probe));
    packets.push_back(datagram(Vantage::hw_tx, time += 70, probe));
    packets.push_back(datagram(Vantage::hw_rx, time += 10, probe));
    for (const Vantage at : way_in) packets.push_back(datagram(at, time += 50, probe));
  }
  const DelayReport report = report_of(packets);
  const DelayChain* out = chain_of(report, Way::send, PacketKind::datagram);
  const DelayChain* in = chain_of(report, Way::receive, PacketKind::datagram);
  ASSERT_TRUE(out != nullptr && in != nullptr);
  EXPECT_THAT(longest(*out), ElementsAre(10, 10, 10, 70));
  EXPECT_THAT(longest(*in), ElementsAre(50, 50, 50));
  EXPECT_EQ(out->packets, 20);
  EXPECT_EQ(in->packets, 20);
}

TEST(DelayDatagram, StagesOfUdp) {
  for (const bool known_source : {true, false}) {
    std::vector<Packet> packets;
    for (std::uint16_t i = 0; i < 100; i++) {
      const Probe probe{i, i, 0xff, known_source};
      std::int64_t time = i * 1000;
      for (const Vantage at : way_out) packets.push_back(datagram(at, time += 10, probe));
      for (const Vantage at : way_in) packets.push_back(datagram(at, time += 50, probe));
    }
    const DelayReport report = report_of(packets);
    const DelayChain* out = chain_of(report, Way::send, PacketKind::datagram);
    const DelayChain* in = chain_of(report, Way::receive, PacketKind::datagram);
    ASSERT_TRUE(out != nullptr && in != nullptr);
    EXPECT_EQ(out->packets, 100U);
    EXPECT_EQ(in->packets, 100U);
    EXPECT_THAT(longest(*out), ElementsAre(10, 10, 10));
    EXPECT_THAT(longest(*in), ElementsAre(50, 50));
    for (const StageCounts& pair : report.stages) EXPECT_EQ(pair.unmatched(), 0U);
    expect_stages_sum_to_totals(report);
  }
}

TEST(DelayDatagram, TheKernelAnswersEchoRequests) {
  std::vector<Packet> packets;
  for (std::uint16_t i = 0; i < 20; i++) {
    std::int64_t time = i * 1'000'000;
    for (const Vantage at : {Vantage::driver_rx, Vantage::socket_rx}) {
      packets.push_back(datagram(at, time += 10, {i, i, 8}));
    }
    for (const Vantage at : {Vantage::socket_tx, Vantage::qdisc_tx, Vantage::driver_tx}) {
      packets.push_back(datagram(at, time += 10, {i, i, 0}));
    }
  }
  // A ping of its own, so that the capture has the application's vantage points.
  std::int64_t time = 50'000'000;
  for (const Vantage at : way_out) packets.push_back(datagram(at, time += 10, {99, 99, 8}));
  for (const Vantage at : way_in) packets.push_back(datagram(at, time += 10, {99, 99, 0}));
  const DelayReport report = report_of(packets);
  EXPECT_EQ(packets_of(report, Way::receive, PacketKind::echo), 20U);
  EXPECT_EQ(packets_of(report, Way::send, PacketKind::echo), 20U);
  EXPECT_EQ(packets_of(report, Way::send, PacketKind::datagram), 1U);
  EXPECT_EQ(packets_of(report, Way::receive, PacketKind::datagram), 1U);
  for (const StageCounts& pair : report.stages) EXPECT_EQ(pair.unmatched(), 0U);
}

TEST(DelayDatagram, DropsAndWhatIsUnread) {
  std::vector<Packet> packets;
  for (std::uint16_t i = 0; i < 50; i++) {
    const Probe probe{i, i, 0xff};
    std::int64_t time = i * 1000;
    for (const Vantage at : way_out) {
      if (i % 10 != 4 || at != Vantage::driver_tx)
        packets.push_back(datagram(at, time += 10, probe));
    }
    for (const Vantage at : way_in) {
      if (i < 45 || at != Vantage::app_rx) packets.push_back(datagram(at, time += 10, probe));
    }
  }
  const DelayReport report = report_of(packets);
  const StageCounts queue = pair_of(report, Vantage::qdisc_tx, Vantage::driver_tx);
  EXPECT_EQ(queue.matched, 45U);
  EXPECT_EQ(only_first(queue, Unmatched::dropped), 5U);
  const StageCounts reading = pair_of(report, Vantage::socket_rx, Vantage::app_rx);
  EXPECT_EQ(reading.matched, 45U);
  EXPECT_EQ(only_first(reading, Unmatched::unread), 5U);
}

// The same bytes again and again, without a telling IP identification: each is taken once.
TEST(DelayDatagram, EqualOnesAreToldByTheirOccurrence) {
  std::vector<Packet> packets;
  for (std::uint16_t i = 0; i < 100; i++) {
    std::int64_t time = i * 1000;
    for (const Vantage at : way_out) packets.push_back(datagram(at, time += 10, {1, 0, 0xff}));
  }
  const DelayReport report = report_of(packets);
  const DelayChain* chain = chain_of(report, Way::send, PacketKind::datagram);
  ASSERT_NE(chain, nullptr);
  EXPECT_EQ(chain->packets, 100U);
  EXPECT_EQ(chain->total.max_ns, 30);
}

// A counter that wraps comes past 0, which is no less a number there.
TEST(DelayDatagram, AnIdentificationOfZeroIsNotAnother) {
  const DelayReport report = report_of({datagram(Vantage::qdisc_tx, 0, {1, 65535, 0xff}),
                                        datagram(Vantage::qdisc_tx, 100, {1, 0, 0xff}),
                                        datagram(Vantage::driver_tx, 150, {1, 65535, 0xff})});
  const DelayChain* chain = chain_of(report, Way::send, PacketKind::datagram);
  ASSERT_NE(chain, nullptr);
  EXPECT_EQ(chain->packets, 1U);
  EXPECT_EQ(chain->total.max_ns, 150);
}

TEST(DelayDatagram, ACallGoesWithItsOwnLength) {
  std::vector<Packet> packets;
  packets.push_back(datagram(Vantage::app_tx, 0, {1, 1, 0xff, true, 100}));
  packets.push_back(datagram(Vantage::app_tx, 10, {2, 2, 0xff, true, 200}));
  packets.push_back(datagram(Vantage::socket_tx, 50, {1, 1, 0xff, true, 100}));
  packets.push_back(datagram(Vantage::socket_tx, 60, {2, 2, 0xff, true, 200}));
  const DelayReport report = report_of(packets);
  EXPECT_EQ(chain_of(report, Way::send, PacketKind::datagram)->total.sum_ns, 100);
}

/// As if cut: the IP length and the mark of a first fragment, with UDP's length of the whole.
Packet first_fragment(Packet packet) {
  packet.record.wire_len = 1500;
  packet.record.header[2] = 1500 >> 8;
  packet.record.header[3] = 1500 & 0xff;
  packet.record.header[6] |= 0x20;
  return packet;
}

TEST(DelayDatagram, TheFirstFragmentStandsForTheDatagram) {
  for (const std::uint8_t type : {std::uint8_t{0xff}, std::uint8_t{8}, std::uint8_t{0}}) {
    std::vector<Packet> packets;
    for (std::uint16_t i = 0; i < 20; i++) {
      const Probe probe{i, i, type, true, 4000};
      std::int64_t time = i * 1000;
      for (const Vantage at : way_out) {
        const Packet whole = datagram(at, time += 10, probe);
        const bool cut = at == Vantage::qdisc_tx || at == Vantage::driver_tx;
        packets.push_back(cut ? first_fragment(whole) : whole);
      }
      for (const Vantage at : way_in) {
        const Packet whole = datagram(at, time += 50, probe);
        packets.push_back(at == Vantage::driver_rx ? first_fragment(whole) : whole);
      }
    }
    const DelayReport report = report_of(packets);
    EXPECT_EQ(report.fragments, 60U);
    for (const StageCounts& pair : report.stages) {
      EXPECT_EQ(pair.unmatched(), 0U) << int{type};
      EXPECT_EQ(pair.matched, 20U) << int{type};
    }
  }
}

/// Ten datagrams of 64 bytes in one record.
Packet ten_of(Packet packet) {
  packet.record.segs = 10;
  packet.record.wire_len = 28 + 640;
  packet.record.header[2] = static_cast<std::uint8_t>(packet.record.wire_len >> 8);
  packet.record.header[3] = static_cast<std::uint8_t>(packet.record.wire_len & 0xff);
  return packet;
}

TEST(DelayDatagram, GsoIsCutOnTheWayOutAndIn) {
  std::vector<Packet> packets;
  for (std::uint16_t call = 0; call < 5; call++) {
    const auto number = static_cast<std::uint16_t>(10 * call);
    const Probe first{number, number, 0xff};
    std::int64_t time = call * 100'000;
    for (const Vantage at : {Vantage::app_tx, Vantage::socket_tx, Vantage::qdisc_tx}) {
      packets.push_back(ten_of(datagram(at, time += 10, first)));
    }
    const std::int64_t received = time + 50'000;
    packets.push_back(ten_of(datagram(Vantage::driver_rx, received, first)));
    for (std::uint16_t i = 0; i < 10; i++) {
      const auto here = static_cast<std::uint16_t>(number + i);
      const Probe part{here, here, 0xff};
      packets.push_back(datagram(Vantage::driver_tx, time + 10 + i, part));
      packets.push_back(datagram(Vantage::socket_rx, received + 10 + i, part));
      packets.push_back(datagram(Vantage::app_rx, received + 1000 + i, part));
    }
  }
  const DelayReport report = report_of(packets);
  EXPECT_EQ(packets_of(report, Way::send, PacketKind::datagram), 50U);
  EXPECT_EQ(packets_of(report, Way::receive, PacketKind::datagram), 50U);
  for (const StageCounts& pair : report.stages) EXPECT_EQ(pair.unmatched(), 0U);
  expect_stages_sum_to_totals(report);
}

TEST(DelayDatagram, WhatGroMergedIsReadByOneCall) {
  std::vector<Packet> packets;
  for (std::uint16_t merged = 0; merged < 5; merged++) {
    const auto number = static_cast<std::uint16_t>(10 * merged);
    const std::int64_t time = merged * 100'000;
    for (std::uint16_t i = 0; i < 10; i++) {
      const auto here = static_cast<std::uint16_t>(number + i);
      packets.push_back(datagram(Vantage::driver_rx, time + i, {here, here, 0xff}));
    }
    const Probe first{number, number, 0xff};
    packets.push_back(ten_of(datagram(Vantage::socket_rx, time + 100, first)));
    packets.push_back(ten_of(datagram(Vantage::app_rx, time + 500, first)));
  }
  const DelayReport report = report_of(packets);
  EXPECT_EQ(packets_of(report, Way::receive, PacketKind::datagram), 50U);
  for (const StageCounts& pair : report.stages) EXPECT_EQ(pair.unmatched(), 0U);
  EXPECT_EQ(pair_of(report, Vantage::driver_rx, Vantage::socket_rx).merged, 50U);
}

TEST(DelayDatagram, SeveralCallsWriteOneDatagram) {
  std::vector<Packet> packets;
  for (std::uint16_t i = 0; i < 20; i++) {
    const std::int64_t time = i * 1000;
    packets.push_back(datagram(Vantage::app_tx, time, {i, i, 0xff, true, 24}));
    packets.push_back(datagram(Vantage::app_tx, time + 100, {i, i, 0xff, true, 40}));
    packets.push_back(datagram(Vantage::socket_tx, time + 130, {i, i, 0xff}));
  }
  const DelayReport report = report_of(packets);
  const DelayChain* chain = chain_of(report, Way::send, PacketKind::datagram);
  ASSERT_NE(chain, nullptr);
  EXPECT_EQ(chain->packets, 20U);
  EXPECT_EQ(chain->total.max_ns, 30);
}

TEST(DelayDatagram, EachSocketOfAGroupGetsThePacket) {
  std::vector<Packet> packets;
  for (std::uint16_t i = 0; i < 20; i++) {
    std::int64_t time = i * 1000;
    packets.push_back(datagram(Vantage::driver_rx, time, {i, i, 0xff}));
    for (int socket = 0; socket < 3; socket++) {
      packets.push_back(datagram(Vantage::socket_rx, time += 10, {i, i, 0xff}));
    }
    for (int socket = 0; socket < 3; socket++) {
      packets.push_back(datagram(Vantage::app_rx, time += 50, {i, i, 0xff}));
    }
  }
  for (Packet& packet : packets) packet.record.header[16] = 239;
  const DelayReport report = report_of(packets);
  EXPECT_EQ(packets_of(report, Way::receive, PacketKind::datagram), 60U);
  for (const StageCounts& pair : report.stages) EXPECT_EQ(pair.unmatched(), 0U);
}

TEST(DelayDatagram, WhatAFullBufferDroppedIsNotUnread) {
  std::vector<Packet> packets;
  for (std::uint16_t i = 0; i < 50; i++) {
    packets.push_back(datagram(Vantage::driver_rx, i * 1000, {i, i, 0xff}));
    packets.push_back(datagram(Vantage::socket_rx, i * 1000 + 100, {i, i, 0xff}));
    if (i < 4) packets.push_back(datagram(Vantage::app_rx, 1'000'000 + i, {i, i, 0xff}));
  }
  packets.push_back(datagram(Vantage::socket_rx, 2'000'000, {99, 99, 0xff}));
  const StageCounts pair = pair_of(report_of(packets), Vantage::socket_rx, Vantage::app_rx);
  EXPECT_EQ(only_first(pair, Unmatched::buffer_full), 46U);
  EXPECT_EQ(only_first(pair, Unmatched::unread), 1U)
      << "what came behind the last read may be there still";
}

TEST(DelayDatagram, ARecordWithoutPayloadIsKnownByTheRest) {
  std::vector<Packet> packets;
  for (std::uint16_t i = 0; i < 20; i++) {
    const Probe probe{i, static_cast<std::uint16_t>(i + 1), 0xff, true, 2000};
    packets.push_back(datagram(Vantage::driver_rx, i * 1000, probe));
    packets.back().record.header_len = 28;
    packets.push_back(datagram(Vantage::socket_rx, i * 1000 + 100, probe));
  }
  EXPECT_EQ(pair_of(report_of(packets), Vantage::driver_rx, Vantage::socket_rx).matched, 20U);
}

}  // namespace
}  // namespace tscope
