// SPDX-License-Identifier: MIT
#include "file/layers.hpp"

#include <gtest/gtest.h>

#include "tscope/record/headers.hpp"
#include "unit/file/capture_bytes.hpp"

namespace tscope {
namespace {

using test::Bytes;

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

Bytes ethernet(std::uint8_t high, std::uint8_t low) {
  return {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, high, low};
}

// Of a packet that ends with the frame: 0 says that it is not known how long it is.
Bytes ip4(std::uint8_t protocol) {
  return {0x45, 0, 0, 0, 0, 1, 0, 0, 64, protocol, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2};
}

Bytes ip6(std::uint8_t next) {
  Bytes header(40);
  header[0] = 0x60;
  header[6] = next;
  return header;
}

Bytes udp(std::uint16_t port) {
  return {0xc3, 0x50, static_cast<std::uint8_t>(port >> 8), static_cast<std::uint8_t>(port), 0, 0,
          0,    0};
}

const Bytes inner = test::headers({});

struct Case {
  const char* name;
  unsigned link_type;
  Bytes around;
  std::uint32_t wrapped = 0;
};

constexpr std::uint32_t bit(Wrapping wrapping) {
  return 1U << static_cast<unsigned>(wrapping);
}

std::vector<Case> cases() {
  const Bytes eth = ethernet(8, 0), eth6 = ethernet(0x86, 0xdd);
  Bytes tags = ethernet(0x81, 0);
  for (int i = 0; i < 40; i++) tags = joined({tags, {0, 5, 0x81, 0}});
  return {
      {"forty-one VLAN tags", 1, joined({tags, {0, 5, 8, 0}})},
      {"MPLS", 1, joined({ethernet(0x88, 0x47), {0, 1, 0, 64, 0, 1, 0x11, 64}}),
       bit(Wrapping::mpls)},
      {"Ethernet in MPLS", 1, joined({ethernet(0x88, 0x47), {0, 1, 0x11, 64, 0, 0, 0, 0}, eth}),
       bit(Wrapping::mpls)},
      {"SNAP", 1, joined({ethernet(0, 60), {0xaa, 0xaa, 3, 0, 0, 0, 8, 0}})},
      {"IP over LLC", 1, joined({ethernet(0, 60), {6, 6, 3}})},
      {"PPPoE", 1, joined({ethernet(0x88, 0x64), {0x11, 0, 0, 1, 0, 54, 0, 0x21}}),
       bit(Wrapping::pppoe)},
      {"PPP, short protocol", 9, {0x21}},
      {"PPP in HDLC", 50, {0xff, 3, 0, 0x21}},
      {"PPP with direction", 204, {1, 0xff, 3, 0, 0x21}},
      {"Cisco HDLC", 104, {0x0f, 0, 8, 0}},
      {"ATM", 100, {0xaa, 0xaa, 3, 0, 0, 0, 8, 0}},
      {"NFLOG", 239, {2, 0, 0, 0, 8, 0, 1, 0, 1, 2, 3, 4, 56, 0, 9, 0}},
      {"NFLOG of a big-endian machine", 239, {2, 0, 0, 0, 0, 6, 0, 1, 1, 2, 0, 0, 0, 56, 0, 9}},
      {"loopback, FreeBSD's IPv6", 0, {28, 0, 0, 0}},
      {"IPIP", 1, joined({eth, ip4(4)}), bit(Wrapping::ipip)},
      {"4in6", 1, joined({eth6, ip6(4)}), bit(Wrapping::four_in_six)},
      {"6in4 and back", 101, joined({ip4(41), ip6(4)}),
       bit(Wrapping::six_in_four) | bit(Wrapping::four_in_six)},
      {"GRE", 1, joined({eth, ip4(47), {0, 0, 8, 0}}), bit(Wrapping::gre)},
      {"GRE, all fields", 1, joined({eth, ip4(47), {0xb0, 0, 8, 0}, Bytes(12)}),
       bit(Wrapping::gre)},
      {"GRETAP with a key", 1, joined({eth, ip4(47), {0x20, 0, 0x65, 0x58, 0, 0, 0, 7}, eth}),
       bit(Wrapping::gretap)},
      {"PPTP", 1,
       joined({eth,
               ip4(47),
               {0x30, 0x81, 0x88, 0x0b, 0, 56, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1},
               {0xff, 3, 0, 0x21}}),
       bit(Wrapping::gre)},
      {"ERSPAN II", 1, joined({eth, ip4(47), {0x10, 0, 0x88, 0xbe, 0, 0, 0, 1}, Bytes(8), eth}),
       bit(Wrapping::erspan)},
      {"ERSPAN III", 1, joined({eth, ip4(47), {0x10, 0, 0x22, 0xeb, 0, 0, 0, 1}, Bytes(12), eth}),
       bit(Wrapping::erspan)},
      {"VXLAN", 1, joined({eth, ip4(17), udp(4789), {8, 0, 0, 0, 0, 0, 7, 0}, eth}),
       bit(Wrapping::vxlan)},
      {"Geneve with options", 1,
       joined({eth, ip4(17), udp(6081), {1, 0, 0x65, 0x58, 0, 0, 7, 0}, Bytes(4), eth}),
       bit(Wrapping::geneve)},
      {"GTP-U with an extension", 1,
       joined(
           {eth, ip4(17), udp(2152), {0x34, 255, 0, 60, 0, 0, 0, 1, 0, 0, 0, 0x85}, {1, 0, 0, 0}}),
       bit(Wrapping::gtp_u)},
      {"MPLS in UDP", 1, joined({eth, ip4(17), udp(6635), {0, 1, 0x11, 64}}), bit(Wrapping::mpls)},
      {"Ethernet in IP", 1, joined({eth, ip4(97), {0x30, 0}, eth}), bit(Wrapping::other)},
      {"authentication header", 1,
       joined({eth, ip4(51), {4, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1}, Bytes(12)}),
       bit(Wrapping::ipip)},
      {"provider backbone", 1, joined({ethernet(0x88, 0xe7), {0, 0, 0, 7}, eth}),
       bit(Wrapping::other)},
      {"VXLAN in GRETAP in QinQ", 1,
       joined({ethernet(0x88, 0xa8),
               {0, 5, 0x81, 0, 0, 6, 8, 0},
               ip4(47),
               {0, 0, 0x65, 0x58},
               eth,
               ip4(17),
               udp(4789),
               {8, 0, 0, 0, 0, 0, 7, 0},
               eth}),
       bit(Wrapping::gretap) | bit(Wrapping::vxlan)},
  };
}

TEST(Layers, TheInnermostPacketIsFoundAndNothingBeyondTheFrameIsRead) {
  for (const Case& c : cases()) {
    const Bytes frame = joined({c.around, inner});
    const auto length = static_cast<std::uint32_t>(frame.size());
    const Carried whole = Layers(frame, length).follow(static_cast<std::uint16_t>(c.link_type));
    EXPECT_TRUE(whole.readable) << c.name;
    EXPECT_EQ(whole.ip, c.around.size()) << c.name;
    EXPECT_EQ(whole.transport, c.around.size() + 20) << c.name;
    EXPECT_EQ(whole.wrapped, c.wrapped) << c.name;
    for (std::size_t left = 0; left < frame.size(); left++) {
      // Of its own memory, so that a sanitizer sees a read beyond its end.
      const Bytes cut(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(left));
      const Carried carried = Layers(cut, length).follow(static_cast<std::uint16_t>(c.link_type));
      EXPECT_EQ(carried.readable && carried.protocol == 6, left >= c.around.size() + 40)
          << c.name << " cut to " << left;
    }
  }
}

TEST(Layers, ExtensionHeadersAreLeftOutOfTheRecord) {
  // Hop by hop, a routing header of 200 bytes, destination options: longer than a record.
  Bytes packet = test::headers({.v6 = true, .payload = 100});
  Bytes extensions(8 + 200 + 8);
  extensions[0] = 43;
  extensions[8] = 60;
  extensions[9] = 24;
  extensions[208] = 6;
  packet[6] = 0;
  packet[4] = static_cast<std::uint8_t>((32 + 100 + extensions.size()) >> 8);
  packet[5] = static_cast<std::uint8_t>(32 + 100 + extensions.size());
  packet.insert(packet.begin() + 40, extensions.begin(), extensions.end());
  test::Writer file;
  test::put_section(file);
  test::put_interface(file, 101, test::Writer());
  test::put_packet(file, 0, 1, packet, test::Writer());
  const auto read = test::read_memory(file.bytes());
  ASSERT_EQ(read.packets.size(), 1);
  const auto tcp = decode_tcp(read.packets[0].record);
  ASSERT_TRUE(tcp);
  EXPECT_EQ(tcp->payload, 100);
  EXPECT_EQ(tcp->seq, 1000);
}

TEST(Layers, WhatIsSkippedIsToldByItsReason) {
  struct Skipped {
    unsigned link_type;
    Bytes frame;
    SkipReason reason;
    unsigned number;
    const char* text;
  };
  const Bytes eth = ethernet(8, 0);
  Bytes fragment = ip4(6);
  fragment[7] = 1;
  const Skipped all[] = {
      {1, joined({ethernet(8, 6), Bytes(28)}), SkipReason::ether_type, 0x0806, "ARP"},
      {1, joined({ethernet(0x88, 0xcc), Bytes(28)}), SkipReason::ether_type, 0x88cc, "LLDP"},
      {1, joined({ethernet(0, 38), {0x42, 0x42, 3}}), SkipReason::llc, 0x42, "spanning tree"},
      {9, {0xc0, 0x21, 1, 1}, SkipReason::ppp, 0xc021, "LCP"},
      {0, {7, 0, 0, 0}, SkipReason::family, 7, "address family 7"},
      {1, joined({eth, ip4(50), Bytes(20)}), SkipReason::ip_protocol, 50, "ESP"},
      {1, joined({eth, ip4(17), udp(4500), {1, 2, 3, 4, 0, 0, 0, 1}}), SkipReason::ip_protocol, 50,
       "ESP"},
      {1, joined({eth, ip4(132), Bytes(20)}), SkipReason::ip_protocol, 132, "SCTP"},
      {1, joined({eth, ip4(1), {3, 4, 0, 0, 0, 0, 0, 0}}), SkipReason::ip_protocol, 1,
       "ICMP other than echo"},
      {1, joined({eth, fragment, Bytes(40)}), SkipReason::fragment, 0, "later fragments"},
      {1, joined({eth, {0x42}, Bytes(30)}), SkipReason::malformed, 0, "malformed"},
      {105, Bytes(60), SkipReason::link_type, 105, "link type 105"},
  };
  for (const Skipped& s : all) {
    const Carried carried = Layers(s.frame, static_cast<std::uint32_t>(s.frame.size()))
                                .follow(static_cast<std::uint16_t>(s.link_type));
    EXPECT_FALSE(carried.readable) << s.text;
    EXPECT_EQ(carried.skipped, s.reason) << s.text;
    EXPECT_EQ(carried.number, s.number) << s.text;
    EXPECT_EQ(skip_text(carried.skipped, carried.number), s.text);
  }
}

TEST(Layers, ADatagramByATunnelsPortIsADatagramUnlessItLooksLikeTheTunnel) {
  const Bytes eth = ethernet(8, 0);
  for (const int port : {4789, 6081, 2152}) {
    const Bytes frame = joined(
        {eth, ip4(17), udp(static_cast<std::uint16_t>(port)), {0xf2, 0x32, 1, 2, 3, 4, 5, 6}});
    const Carried carried = Layers(frame, static_cast<std::uint32_t>(frame.size())).follow(1);
    EXPECT_TRUE(carried.readable) << port;
    EXPECT_EQ(carried.protocol, 17) << port;
    EXPECT_EQ(carried.wrapped, 0) << port;
  }
}

TEST(Layers, ASnapLengthThatCutsOffTheAckNumberIsNamed) {
  const Bytes frame = joined({ethernet(8, 0), inner});
  test::Writer file;
  test::put_section(file);
  test::put_interface(file, 1, test::Writer());
  for (int i = 0; i < 3; i++) {
    test::Writer body = test::Writer();
    body.u32(0).u64(0).u32(40).u32(frame.size()).raw(std::span(frame).first(40));
    file.block(6, body);
  }
  const auto read = test::read_memory(file.bytes());
  EXPECT_EQ(read.census.skipped(SkipReason::ack_cut_off), 3);
  EXPECT_EQ(read.census.snap_length, 40);
  EXPECT_EQ(read.census.snap_needed, 54);
}

}  // namespace
}  // namespace tscope
