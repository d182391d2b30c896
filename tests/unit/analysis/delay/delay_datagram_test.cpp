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

}  // namespace
}  // namespace tscope
