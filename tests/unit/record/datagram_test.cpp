// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "tscope/file/capture_file.hpp"
#include "tscope/file/convert.hpp"
#include "tscope/record/headers.hpp"
#include "unit/file/capture_bytes.hpp"
#include "unit/record/packet_ids.hpp"

// UDP datagrams and ICMP echoes on their way through headers, files and analyses.
namespace tscope {
namespace {

using test::Bytes;
using test::Contents;
using test::MemoryFile;
using testing::ElementsAre;
using testing::ElementsAreArray;

const Bytes sixteen{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

struct Datagram {
  bool v6 = false;
  std::uint8_t protocol = 17;
  Bytes transport{0x13, 0x89, 0x9c, 0x40, 0, 108, 0xab, 0xcd};  ///< port 5001 to 40000
  std::uint16_t payload = 100;                                  ///< as the lengths tell
  Bytes bytes = sixteen;                                        ///< those that are there
};

// From 10.0.0.1 (2001:db8::1) to 10.0.0.2 (2001:db8::2): a TCP segment's IP header with another
// transport.
Bytes headers(const Datagram& datagram) {
  test::Segment segment;
  segment.v6 = datagram.v6;
  Bytes packet = test::headers(segment);
  packet.resize(datagram.v6 ? 40 : 20);
  const unsigned length = 8U + datagram.payload + (datagram.v6 ? 0U : 20U);
  const std::size_t length_at = datagram.v6 ? 4 : 2;
  packet[length_at] = static_cast<std::uint8_t>(length >> 8);
  packet[length_at + 1] = static_cast<std::uint8_t>(length);
  packet[datagram.v6 ? 6 : 9] = datagram.protocol;
  packet.insert(packet.end(), datagram.transport.begin(), datagram.transport.end());
  packet.insert(packet.end(), datagram.bytes.begin(), datagram.bytes.end());
  return packet;
}

Datagram echo(std::uint8_t type, bool v6 = false) {
  Datagram datagram;
  datagram.v6 = v6;
  datagram.protocol = v6 ? 58 : 1;
  datagram.transport = {type, 0, 0xab, 0xcd, 0x12, 0x34, 0, 7};
  return datagram;
}

Packet packet_at(Vantage vantage, const Datagram& datagram) {
  Packet packet;
  packet.time_ns = 1'700'000'000'000'000'000;
  tscope_record& record = packet.record;
  const Bytes header = headers(datagram);
  std::memcpy(record.header, header.data(), header.size());
  record.header_len = static_cast<std::uint8_t>(header.size());
  record.wire_len = (datagram.v6 ? 48U : 28U) + datagram.payload;
  record.segs = 1;
  record.vantage = static_cast<std::uint8_t>(vantage);
  record.kind = TSCOPE_PACKET;
  record.clock = TSCOPE_CLOCK_TSC;
  return packet;
}

TEST(Datagrams, EveryFieldOfUdp) {
  for (const bool v6 : {false, true}) {
    Datagram datagram;
    datagram.v6 = v6;
    const Bytes packet = headers(datagram);
    const auto udp = decode_datagram(packet, 128);
    ASSERT_TRUE(udp);
    EXPECT_EQ(udp->protocol, Protocol::udp);
    EXPECT_EQ(udp->flow.src.to_string(), v6 ? "[2001:db8::1]:5001" : "10.0.0.1:5001");
    EXPECT_EQ(udp->flow.dst.port, 40000);
    EXPECT_EQ(udp->payload, 100);
    EXPECT_EQ(udp->ip_id, v6 ? 0 : 7);
    EXPECT_THAT(udp->bytes, ElementsAreArray(sixteen));
    EXPECT_FALSE(decode_tcp(packet, 128));
  }
}

TEST(Datagrams, EveryFieldOfAnEcho) {
  struct Case {
    std::uint8_t type;
    bool v6, request;
  };
  for (const auto& [type, v6, request] :
       {Case{8, false, true}, {0, false, false}, {128, true, true}, {129, true, false}}) {
    const auto icmp = decode_datagram(headers(echo(type, v6)), 128);
    ASSERT_TRUE(icmp) << int{type};
    EXPECT_EQ(icmp->protocol, Protocol::icmp);
    EXPECT_EQ(icmp->request, request);
    EXPECT_EQ(icmp->id, 0x1234);
    EXPECT_EQ(icmp->sequence, 7);
    EXPECT_EQ(icmp->flow.src.port, 0);
    EXPECT_EQ(icmp->payload, 100);
  }
}

TEST(Datagrams, WhatIsNeitherGivesNothing) {
  EXPECT_FALSE(decode_datagram(headers(echo(3)), 128)) << "unreachable";
  EXPECT_FALSE(decode_datagram(headers(echo(135, true)), 128)) << "neighbour solicitation";
  Datagram mixed = echo(8);
  mixed.protocol = 58;
  EXPECT_FALSE(decode_datagram(headers(mixed), 128)) << "ICMPv6 over IPv4";
  mixed = echo(128, true);
  mixed.protocol = 1;
  EXPECT_FALSE(decode_datagram(headers(mixed), 128)) << "ICMP over IPv6";
  EXPECT_FALSE(decode_datagram(test::headers({}), 52)) << "TCP";
  Bytes fragment = headers({});
  fragment[7] = 1;
  EXPECT_FALSE(decode_datagram(fragment, 128)) << "later fragment";
  fragment[6] = 0x20;
  fragment[7] = 0;
  EXPECT_TRUE(decode_datagram(fragment, 128)) << "first fragment";
}

TEST(Datagrams, CutAnywhereNeverReadsBeyond) {
  for (const bool v6 : {false, true}) {
    Datagram datagram;
    datagram.v6 = v6;
    const Bytes whole = headers(datagram);
    for (std::size_t length = 0; length <= whole.size(); length++) {
      const auto udp = decode_datagram(std::span(whole).first(length), 128);
      ASSERT_EQ(udp.has_value(), length >= whole.size() - 16) << length;
      if (!udp) continue;
      EXPECT_EQ(udp->bytes.size(), length - (whole.size() - 16));
    }
  }
}

TEST(Datagrams, PaddingIsNoPayload) {
  Datagram datagram;
  datagram.payload = 2;
  const Bytes packet = headers(datagram);
  EXPECT_THAT(decode_datagram(packet, 46)->bytes, ElementsAre(1, 2));
}

TEST(Datagrams, OneIdAtEveryVantagePoint) {
  for (const Datagram& datagram : {Datagram{}, Datagram{.v6 = true}, echo(8), echo(129, true)}) {
    const std::size_t ip = datagram.v6 ? 40 : 20;
    std::vector<Packet> packets(6, packet_at(Vantage::driver_rx, datagram));
    const bool udp = datagram.protocol == 17;
    packets[1].record.header[ip + (udp ? 6 : 2)] ^= 1;  // checksum, filled in late
    packets[1].record.header[datagram.v6 ? 7 : 8]--;    // a hop further
    packets[2].record.header[ip + 8 + 15] ^= 1;         // the payload's last byte that is there
    packets[3].record.header[ip + (udp ? 1 : 7)] ^= 1;  // port, or sequence
    packets[4].record.segs = 2;
    packets[5].record.flags = TSCOPE_F_SYNTH_IP | TSCOPE_F_SYNTH_TRANSPORT;
    const auto ids = test::packet_ids(packets);
    ASSERT_EQ(ids.size(), 6);
    EXPECT_NE(ids[0], 0);
    EXPECT_EQ(ids[0], ids[1]);
    EXPECT_NE(ids[0], ids[2]);
    EXPECT_NE(ids[0], ids[3]);
    EXPECT_EQ(ids[4], 0);
    EXPECT_EQ(ids[5], 0);
  }
}

TEST(Datagrams, AFirstFragmentIsNotTheDatagram) {
  Packet packet = packet_at(Vantage::driver_tx, {});
  packet.record.header[6] = 0x20;
  EXPECT_EQ(test::packet_ids({packet})[0], 0);
}

// A capture of UDP at two vantage points.
void write_capture(const std::string& path) {
  CaptureFile file(path, LinkType::ethernet, {});
  for (const Vantage vantage : {Vantage::driver_rx, Vantage::socket_rx}) {
    for (const Datagram& datagram : {Datagram{}, echo(0), echo(129, true)}) {
      Packet packet = packet_at(vantage, datagram);
      packet.interface = vantage == Vantage::driver_rx ? 0 : 1;
      file.write(packet, {"eth0", vantage});
    }
  }
}

TEST(Datagrams, ComeBackFromAFileAsTheyWere) {
  const MemoryFile memory;
  write_capture(memory.path());
  const Contents read = test::read_file(memory.path());
  ASSERT_EQ(read.packets.size(), 6);
  const Packet written = packet_at(Vantage::driver_rx, {});
  EXPECT_EQ(std::memcmp(&read.packets[0].record, &written.record, sizeof(written.record)), 0);
  EXPECT_EQ(protocol_of(read.packets[0].record), Protocol::udp);
  EXPECT_EQ(protocol_of(read.packets[1].record), Protocol::icmp);
  EXPECT_EQ(protocol_of(read.packets[2].record), Protocol::icmp);
}

TEST(Datagrams, AreConverted) {
  const MemoryFile input, output;
  write_capture(input.path());
  ConvertOptions options;
  options.vantages = {Vantage::socket_rx};
  EXPECT_EQ(convert(input.path(), output.path(), options).packets, 3);
}

}  // namespace
}  // namespace tscope
