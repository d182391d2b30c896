// SPDX-License-Identifier: MIT
#include "probe/wire/stamp.hpp"

#include <gmock/gmock.h>

#include <limits>

namespace tscope::stamp {
namespace {

using testing::ElementsAre;

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t era_1 = 2'085'978'496;  // 2036-02-07 06:28:16 UTC, RFC 5905 figure 4

TEST(Ntp, KnownTimes) {
  EXPECT_EQ(to_ntp(0).bits, 2'208'988'800ULL << 32);
  EXPECT_EQ(to_ntp(second / 2).bits, (2'208'988'800ULL << 32) + (1ULL << 31));
  EXPECT_EQ(to_ntp(-second / 2).bits, (2'208'988'799ULL << 32) + (1ULL << 31));
  EXPECT_EQ(to_ntp(era_1 * second).bits, 0U) << "the second era begins at zero";
  EXPECT_EQ(to_ntp(era_1 * second - 1).bits >> 32, 0xffff'ffffU);
}

TEST(Ntp, EveryNanosecondComesBack) {
  for (const std::int64_t base :
       {0L, 1'795'000'000L, era_1 - 1, era_1, era_1 + 1, 4'000'000'000L}) {
    for (const std::int64_t ns : {0L, 1L, 2L, 3L, 333'333'333L, 500'000'001L, 999'999'999L}) {
      const std::int64_t time = base * second + ns;
      EXPECT_EQ(from_ntp(to_ntp(time), time), time);
    }
  }
}

TEST(Ntp, EraIsTheNearest) {
  const NtpTime late = to_ntp((era_1 - 1) * second);
  const NtpTime early = to_ntp((era_1 + 1) * second);
  EXPECT_EQ(from_ntp(late, (era_1 + 5) * second), (era_1 - 1) * second);
  EXPECT_EQ(from_ntp(early, (era_1 - 5) * second), (era_1 + 1) * second);
  EXPECT_EQ(from_ntp(NtpTime{}, era_1 * second), era_1 * second);
  EXPECT_EQ(from_ntp(NtpTime{}, -2'208'988'800 * second), -2'208'988'800 * second);
}

TEST(ErrorEstimate, IsTheSmallestNotBelow) {
  for (const std::int64_t error : {0L, 1L, 59L, 60L, 1000L, 123'456L, 7 * second, 86400 * second}) {
    const ErrorEstimate estimate = error_estimate(error, true);
    EXPECT_GE(estimate.multiplier, 1);
    EXPECT_GE(error_ns(estimate), error);
    EXPECT_LE(error_ns(estimate), error + error / 64 + 1);
    EXPECT_EQ(decode_error(encode(estimate)), estimate);
  }
  const ErrorEstimate most = error_estimate(std::numeric_limits<std::int64_t>::max(), false);
  EXPECT_EQ(error_ns(most), std::numeric_limits<std::int64_t>::max());
}

TEST(ErrorEstimate, Bits) {
  EXPECT_EQ(encode(ErrorEstimate{.synchronized = true, .ptp = false, .scale = 2, .multiplier = 3}),
            0x8203);
  EXPECT_EQ(
      encode(ErrorEstimate{.synchronized = false, .ptp = true, .scale = 63, .multiplier = 255}),
      0x7fff);
  // 1 * 2^(32 - 32) s
  EXPECT_EQ(error_ns(decode_error(0x2001)), second);
}

TEST(Stamp, SenderPacketByteForByte) {
  SenderPacket packet;
  packet.sequence = 0x01020304;
  packet.timestamp.bits = 0x1112131415161718;
  packet.error = decode_error(0x8105);
  packet.session = 0x2122;
  const auto bytes = encode(packet);
  const std::vector<std::uint8_t> head(bytes.begin(), bytes.begin() + 16);
  EXPECT_THAT(head, ElementsAre(1, 2, 3, 4, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x81,
                                0x05, 0x21, 0x22));
  EXPECT_TRUE(std::all_of(bytes.begin() + 16, bytes.end(), [](auto byte) { return byte == 0; }));
  EXPECT_EQ(decode_sender(bytes), packet);
}

TEST(Stamp, ReflectorPacketByteForByte) {
  ReflectorPacket packet;
  packet.sequence = 0x01020304;
  packet.timestamp.bits = 0x1112131415161718;
  packet.error = decode_error(0x8105);
  packet.received.bits = 0x3132333435363738;
  packet.sender_sequence = 0x41424344;
  packet.sender_timestamp.bits = 0x5152535455565758;
  packet.sender_error = decode_error(0x0661);
  packet.sender_ttl = 63;
  const auto bytes = encode(packet);
  EXPECT_THAT(bytes, ElementsAre(1, 2, 3, 4, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x81,
                                 0x05, 0, 0, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x41,
                                 0x42, 0x43, 0x44, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58,
                                 0x06, 0x61, 0, 0, 63, 0, 0, 0));
  EXPECT_EQ(decode_reflector(bytes), packet);
}

TEST(Stamp, WhatIsNone) {
  const auto bytes = encode(SenderPacket{});
  EXPECT_TRUE(decode_sender(bytes));
  EXPECT_FALSE(decode_sender(std::span(bytes).first(packet_bytes - 1)));
  EXPECT_FALSE(decode_reflector({}));
  auto no_multiplier = bytes;
  no_multiplier[13] = 0;
  EXPECT_FALSE(decode_sender(no_multiplier));
  std::vector<std::uint8_t> padded(bytes.begin(), bytes.end());
  padded.resize(1400);
  EXPECT_EQ(decode_sender(padded), SenderPacket{});
}

}  // namespace
}  // namespace tscope::stamp
