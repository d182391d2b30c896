// SPDX-License-Identifier: MIT
#include "tscope/record/headers.hpp"

#include <gmock/gmock.h>

#include "unit/file/capture_bytes.hpp"

namespace tscope {
namespace {

using test::Bytes;
using test::Segment;

TEST(Headers, EveryFieldOfAnIpv4Segment) {
  Segment segment;
  segment.flags = tcp_flag::ack | tcp_flag::psh;
  segment.payload = 1000;
  const auto tcp = decode_tcp(test::headers(segment), 1052);
  ASSERT_TRUE(tcp);
  EXPECT_EQ(tcp->flow.src.to_string(), "10.0.0.1:5001");
  EXPECT_EQ(tcp->flow.dst.to_string(), "10.0.0.2:40000");
  EXPECT_EQ(tcp->seq, 1000);
  EXPECT_EQ(tcp->seq_end(), 2000);
  EXPECT_EQ(tcp->ack, 2000);
  EXPECT_EQ(tcp->flags, tcp_flag::ack | tcp_flag::psh);
  EXPECT_EQ(tcp->window, 501);
  EXPECT_EQ(tcp->ip_id, 7);
  EXPECT_EQ(tcp->payload, 1000);
  EXPECT_TRUE(tcp->has_timestamps);
  EXPECT_EQ(tcp->tsval, 11);
  EXPECT_EQ(tcp->tsecr, 22);
  EXPECT_EQ(tcp->sack_blocks, 0);
}

TEST(Headers, Ipv6) {
  Segment segment;
  segment.v6 = true;
  segment.payload = 3;
  const auto tcp = decode_tcp(test::headers(segment), 75);
  ASSERT_TRUE(tcp);
  EXPECT_EQ(tcp->flow.src.to_string(), "[2001:db8::1]:5001");
  EXPECT_EQ(tcp->flow.reversed().src.to_string(), "[2001:db8::2]:40000");
  EXPECT_EQ(tcp->payload, 3);
  EXPECT_EQ(tcp->ip_id, 0);
}

TEST(Headers, ExtensionHeadersAreFollowed) {
  Segment segment;
  segment.v6 = true;
  Bytes packet = test::headers(segment);
  packet[6] = 0;  // hop-by-hop options, then an atomic fragment's header
  packet[5] = static_cast<std::uint8_t>(packet[5] + 16 + 8);
  const Bytes extensions{44, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 1, 2, 3, 4};
  packet.insert(packet.begin() + 40, extensions.begin(), extensions.end());
  const auto tcp = decode_tcp(packet, static_cast<std::uint32_t>(packet.size()));
  ASSERT_TRUE(tcp);
  EXPECT_EQ(tcp->seq, 1000);
  EXPECT_EQ(tcp->payload, 0);

  packet[40 + 16 + 3] = 8;  // fragment offset 1
  EXPECT_FALSE(decode_tcp(packet, static_cast<std::uint32_t>(packet.size())));
}

TEST(Headers, SynAndFinTakeASequenceNumberEach) {
  Segment segment;
  segment.flags = tcp_flag::syn;
  EXPECT_EQ(decode_tcp(test::headers(segment), 52)->seq_end(), 1001);
  segment.flags = tcp_flag::fin | tcp_flag::ack;
  segment.payload = 10;
  EXPECT_EQ(decode_tcp(test::headers(segment), 62)->seq_end(), 1011);
}

TEST(Headers, LengthOfZeroMeansTheWires) {
  Segment segment;
  Bytes packet = test::headers(segment);
  packet[2] = packet[3] = 0;
  EXPECT_EQ(decode_tcp(packet, 52 + 70000)->payload, 70000);
}

TEST(Headers, EthernetPaddingIsNoPayload) {
  Segment segment;
  segment.timestamps = false;
  EXPECT_EQ(decode_tcp(test::headers(segment), 46)->payload, 0);
}

TEST(Headers, SackBlocksAreCounted) {
  Segment segment;
  Bytes packet = test::headers(segment);
  packet[20 + 12] = 13 << 4;
  packet[3] = static_cast<std::uint8_t>(packet[3] + 20);
  const Bytes sack{1, 1, 5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4};
  packet.insert(packet.end(), sack.begin(), sack.end());
  const auto tcp = decode_tcp(packet, static_cast<std::uint32_t>(packet.size()));
  EXPECT_EQ(tcp->sack_blocks, 2);
  EXPECT_TRUE(tcp->has_timestamps);
  EXPECT_EQ(tcp->payload, 0);
}

TEST(Headers, WhatIsNotTcpGivesNothing) {
  const Bytes good = test::headers({});
  Bytes packet = good;
  packet[9] = 17;
  EXPECT_FALSE(decode_tcp(packet, 52)) << "UDP";
  packet = good;
  packet[7] = 1;
  EXPECT_FALSE(decode_tcp(packet, 52)) << "later fragment";
  packet = good;
  packet[0] = 0x44;
  EXPECT_FALSE(decode_tcp(packet, 52)) << "IP header of 16 bytes";
  packet = good;
  packet[32] = 0x40;
  EXPECT_FALSE(decode_tcp(packet, 52)) << "TCP header of 16 bytes";
  packet = good;
  packet[0] = 0x55;
  EXPECT_FALSE(decode_tcp(packet, 52)) << "IP version 5";
}

TEST(Headers, CutAnywhereNeverReadsBeyond) {
  for (const bool v6 : {false, true}) {
    Segment segment;
    segment.v6 = v6;
    const Bytes whole = test::headers(segment);
    const std::size_t enough = whole.size() - 12;  // options may be cut, fixed header not
    for (std::size_t length = 0; length <= whole.size(); length++) {
      const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
      EXPECT_EQ(decode_tcp(cut, 52).has_value(), length >= enough) << length;
    }
  }
}

TEST(Headers, OptionsThatLieEndTheSearch) {
  const Bytes good = test::headers({});
  for (const int length : {0, 1, 11, 255}) {
    Bytes packet = good;
    packet[20 + 20 + 3] = static_cast<std::uint8_t>(length);
    const auto tcp = decode_tcp(packet, 52);
    ASSERT_TRUE(tcp);
    EXPECT_FALSE(tcp->has_timestamps) << length;
  }
}

TEST(Headers, ARecordsRangeCountsNotItsHeader) {
  Segment segment;
  segment.payload = 100;
  Packet packet = test::packet_at(Vantage::socket_rx, segment, 0);
  packet.record.seq_end = packet.record.seq + 500;  // merged
  packet.record.segs = 5;
  const auto tcp = decode_tcp(packet.record);
  EXPECT_EQ(tcp->payload, 500);
  EXPECT_EQ(tcp->seq_end(), 1500);

  packet.record.seq = 0xfffffff0;  // across the wrap
  packet.record.seq_end = 16;
  EXPECT_EQ(decode_tcp(packet.record)->payload, 32);
}

TEST(Headers, FlowsDifferByEachOfTheirParts) {
  const Flow flow = decode_tcp(test::headers({}), 52)->flow;
  const FlowHash hash;
  EXPECT_EQ(flow, flow.reversed().reversed());
  EXPECT_NE(hash(flow), hash(flow.reversed()));
  Flow other = flow;
  other.dst.port++;
  EXPECT_NE(hash(flow), hash(other));
  EXPECT_LT(flow, other);
}

}  // namespace
}  // namespace tscope
