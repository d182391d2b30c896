// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <gmock/gmock.h>

#include <cstring>

#include "probe/train/frame.hpp"
#include "probe/train/lead.hpp"

namespace tscope {
namespace {

IpAddress address(const char* text) {
  IpAddress result;
  result.family = std::strchr(text, ':') != nullptr ? AF_INET6 : AF_INET;
  inet_pton(result.family, text, result.bytes.data());
  return result;
}

FrameAddresses addresses(const char* source, const char* destination) {
  FrameAddresses result;
  result.source_mac = {2, 0, 0, 0, 0, 1};
  result.destination_mac = {2, 0, 0, 0, 0, 2};
  result.source = address(source);
  result.destination = address(destination);
  result.source_port = 40000;
  result.destination_port = 862;
  return result;
}

std::uint32_t word(std::span<const std::uint8_t> bytes, std::size_t at) {
  return static_cast<std::uint32_t>(bytes[at]) << 8 | bytes[at + 1];
}

// What a receiver does: a sum over everything, checksum included, is all ones (RFC 1071).
std::uint32_t ones_sum(std::span<const std::uint8_t> bytes, std::uint32_t sum) {
  for (std::size_t i = 0; i < bytes.size(); i++) sum += i % 2 == 0 ? bytes[i] << 8 : bytes[i];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

stamp::SenderPacket packet() {
  stamp::SenderPacket result;
  result.error.multiplier = 7;
  return result;
}

TEST(ProbeFrame, V4WithOddSize) {
  ProbeFrame frame(addresses("10.0.0.1", "10.0.0.2"), packet(), 101);
  frame.set(5, {0x1112131415161718}, 77);
  const auto bytes = frame.bytes().first(frame.length_of(77));
  ASSERT_EQ(bytes.size(), 14 + 20 + 8 + 77);
  EXPECT_EQ(word(bytes, 12), 0x0800);
  EXPECT_EQ(frame.ip_at(), 14);
  const auto ip = bytes.subspan(14);
  EXPECT_EQ(word(ip, 2), ip.size());
  EXPECT_EQ(ones_sum(ip.first(20), 0), 0xffff);
  EXPECT_EQ(word(ip, 24), 8 + 77);
  EXPECT_EQ(ones_sum(ip.subspan(20), ones_sum(ip.subspan(12, 8), 17 + 8 + 77)), 0xffff);
  const auto sent = stamp::decode_sender(ip.subspan(28));
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->sequence, 5);
  EXPECT_EQ(sent->timestamp.bits, 0x1112131415161718);
  EXPECT_EQ(sent->error.multiplier, 7);
}

TEST(ProbeFrame, V6BehindVlanTag) {
  FrameAddresses with_tag = addresses("2001:db8::1", "2001:db8::2");
  with_tag.vlan = 42;
  ProbeFrame frame(with_tag, packet(), 44);
  const auto bytes = frame.bytes();
  EXPECT_EQ(frame.ip_at(), 18);
  EXPECT_EQ(frame.payload_at(), 18 + 40 + 8);
  EXPECT_EQ(word(bytes, 12), 0x8100);
  EXPECT_EQ(word(bytes, 14), 42);
  EXPECT_EQ(word(bytes, 16), 0x86dd);
  const auto ip = bytes.subspan(18);
  EXPECT_EQ(word(ip, 4), 8 + 44);
  EXPECT_EQ(ones_sum(ip.subspan(40), ones_sum(ip.subspan(8, 32), 17 + 8 + 44)), 0xffff);
}

TEST(ProbeFrame, NoChecksumOfZero) {
  ProbeFrame frame(addresses("10.0.0.1", "10.0.0.2"), packet(), 44);
  frame.set(0, {0}, 44);
  const std::uint32_t sum = word(frame.bytes(), 14 + 26);
  frame.set(sum, {0}, 44);  // takes exactly what was left to all ones
  EXPECT_EQ(word(frame.bytes(), 14 + 26), 0xffff);
}

TEST(Lead, FollowsWakeUpLatency) {
  Lead lead(60'000, 300'000);
  for (int i = 0; i < 20'000; i++) lead.woken_late_by(i % 100 == 0 ? 90'000 : 20'000);
  EXPECT_GT(lead.ns(), 20'000);
  EXPECT_LT(lead.ns(), 200'000);
  for (int i = 0; i < 20'000; i++) lead.woken_late_by(150'000);
  EXPECT_GE(lead.ns(), 150'000);
  for (int i = 0; i < 1000; i++) lead.woken_late_by(100'000'000);
  EXPECT_LE(lead.ns(), 300'000) << "an outlier can't make it spin for ever";
}

}  // namespace
}  // namespace tscope
