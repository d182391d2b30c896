// SPDX-License-Identifier: MIT
#include "record/delivered_data.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace tscope {
namespace {

using Kind = Delivery::Kind;

Packet data_packet(std::uint32_t payload, std::uint16_t segs = 1) {
  Packet packet;
  packet.record.segs = segs;
  packet.record.wire_len = payload + 52;
  return packet;
}

void send(SentSegments& sent, std::uint32_t seq, std::uint32_t payload, std::uint16_t segs = 1) {
  TcpHeaders tcp;
  tcp.seq = seq;
  tcp.payload = payload;
  tcp.has_timestamps = true;
  sent.add(tcp, data_packet(payload, segs));
}

void handshake(SentSegments& sent, std::uint16_t mss) {
  TcpHeaders tcp;
  tcp.flags = tcp_flag::syn;
  tcp.mss = mss;
  tcp.has_timestamps = true;
  sent.add(tcp, Packet{});
}

class Acks {
 public:
  explicit Acks(const SentSegments& sent) : sent_(sent) {}
  Delivery operator()(std::uint32_t ack, const std::vector<SackBlock>& blocks = {},
                      std::uint16_t window = 100) {
    TcpHeaders tcp;
    tcp.ack = ack;
    tcp.window = window;
    tcp.sack_blocks = static_cast<std::uint8_t>(blocks.size());
    return data_.add(tcp, blocks, sent_);
  }

 private:
  const SentSegments& sent_;
  DeliveredData data_;
};

TEST(DeliveredData, CountsBytesAndSegmentsOnce) {
  SentSegments sent(1500);
  for (std::uint32_t i = 0; i < 20; i++) send(sent, i * 1000, 1000);
  Acks acks(sent);
  EXPECT_EQ(acks(0).kind, Kind::first);
  const Delivery two = acks(2000);
  EXPECT_EQ(two.bytes, 2000U);
  EXPECT_EQ(two.segments, 2U);
  EXPECT_EQ(acks(2000, {{3000, 5000}}).segments, 2U);
  EXPECT_EQ(acks(2000, {{3000, 6000}}).bytes, 1000U);
  EXPECT_EQ(acks(2000, {{8000, 9000}, {3000, 6000}}).bytes, 1000U);
  EXPECT_EQ(acks(2000, {{6000, 9000}, {3000, 6000}}).bytes, 2000U);
  // The hole is closed: only what was missing is new.
  const Delivery closed = acks(9000);
  EXPECT_EQ(closed.kind, Kind::data);
  EXPECT_EQ(closed.bytes, 1000U);
  EXPECT_EQ(acks(9000, {{1000, 2000}}).kind, Kind::nothing);  // DSACK
}

TEST(DeliveredData, NumbersGoAround) {
  SentSegments sent(1500);
  send(sent, 0xfffffc00U, 1000);
  send(sent, 0xffffffe8U, 1000);
  Acks acks(sent);
  acks(0xfffffc00U);
  EXPECT_EQ(acks(0xfffffc00U, {{0xffffffe8U, 976}}).bytes, 1000U);
  EXPECT_EQ(acks(976).bytes, 1000U);
}

TEST(DeliveredData, WhatDeliversNothingIsToldFromAHole) {
  SentSegments sent(1500);
  Acks acks(sent);
  acks(1000);
  EXPECT_EQ(acks(1000, {}, 200).kind, Kind::nothing);  // a window update
  EXPECT_EQ(acks(3000, {}, 200).kind, Kind::data);
  EXPECT_EQ(acks(3000, {}, 200).kind, Kind::nothing);  // a duplicate without SACK
  EXPECT_EQ(acks(9000, {}, 200).kind, Kind::after_hole);
  EXPECT_EQ(acks(10448, {}, 200).kind, Kind::data);
}

TEST(DeliveredData, OffloadsDoNotHideSegments) {
  SentSegments sent(1500);
  handshake(sent, 1460);
  for (std::uint32_t i = 0; i < 4; i++) send(sent, i * 65160, 65160);
  EXPECT_EQ(sent.full_payload(), 1448U);
  EXPECT_EQ(sent.segments_in(0, 65160), 45U);
  EXPECT_EQ(sent.segments_in(1448, 5 * 1448), 4U);
}

TEST(DeliveredData, WithoutSynsTheCommonestSizeThatFitsIsFull) {
  SentSegments sent(1500);
  EXPECT_EQ(sent.full_payload(), 0U);
  for (std::uint32_t i = 0; i < 30; i++) send(sent, i * 70000, 65160);
  EXPECT_EQ(sent.full_payload(), 0U);  // no TSO frame is a segment
  for (std::uint32_t i = 0; i < 30; i++) send(sent, 3'000'000 + i * 1448, 1448);
  EXPECT_EQ(sent.full_payload(), 1448U);
}

TEST(DeliveredData, SmallMessagesAreSegmentsOfTheirOwn) {
  SentSegments sent(1500);
  handshake(sent, 1460);
  for (std::uint32_t i = 0; i < 50; i++) send(sent, i * 100, 100);
  EXPECT_EQ(sent.segments_in(0, 1000), 10U);
  EXPECT_EQ(sent.segments_in(4950, 5000), 1U);
}

}  // namespace
}  // namespace tscope
