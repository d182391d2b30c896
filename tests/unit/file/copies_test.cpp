// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <functional>

#include "unit/file/capture_bytes.hpp"

namespace tscope {
namespace {

using test::Bytes;
using test::Segment;
using test::Writer;

constexpr std::int64_t apart_ns = 600'000;

struct Sent {
  std::int64_t time_ns;
  Bytes packet;
};

/// Stream of `count` ACKs; ids count from 1 where `id` says so.
std::vector<Sent> acks(int count, bool v6, bool id) {
  std::vector<Sent> all;
  for (int i = 0; i < count; i++) {
    const auto number = static_cast<std::uint32_t>(i);
    all.push_back({1'000'000'000 + i * apart_ns,
                   test::headers({.v6 = v6,
                                  .ack = 2000 + 1448 * number,
                                  .ip_id = static_cast<std::uint16_t>(id ? i + 1 : 0),
                                  .tsval = 11 + number / 8})});
  }
  return all;
}

/// The stream with those packets twice that `which` names, the second one 8 µs later.
std::vector<Sent> twice(const std::vector<Sent>& sent, const std::function<bool(int)>& which,
                        int ttl_less = 0) {
  std::vector<Sent> all;
  for (int i = 0; i < static_cast<int>(sent.size()); i++) {
    all.push_back(sent[i]);
    if (!which(i)) continue;
    Sent copy = sent[i];
    copy.time_ns += 8'000;
    std::uint8_t& ttl = copy.packet[copy.packet[0] >> 4 == 4 ? 8 : 7];
    ttl = static_cast<std::uint8_t>(ttl - ttl_less);
    all.push_back(copy);
  }
  return all;
}

test::Contents read(const std::vector<Sent>& sent) {
  Writer file;
  file.u32(0xa1b23c4d).u16(2).u16(4).u64(0).u32(65535).u32(101);
  for (const Sent& one : sent) {
    file.u32(one.time_ns / 1'000'000'000).u32(one.time_ns % 1'000'000'000);
    file.u32(one.packet.size()).u32(one.packet.size()).raw(one.packet);
  }
  return test::read_memory(file.bytes());
}

bool each(int) {
  return true;
}
bool every_tenth(int i) {
  return i % 10 == 0;
}

TEST(Copies, TheIpIdentificationTellsThem) {
  const auto sent = acks(500, false, true);
  const auto all = read(twice(sent, each));
  EXPECT_EQ(all.packets.size(), 500);
  EXPECT_EQ(all.census.copies, 500);
  const auto some = read(twice(sent, every_tenth));
  EXPECT_EQ(some.packets.size(), 500);
  EXPECT_EQ(some.census.copies, 50);
  EXPECT_EQ(some.census.perhaps_copies, 0);
}

TEST(Copies, ARetransmissionHasAnIdentificationOfItsOwn) {
  std::vector<Sent> sent;
  for (int i = 0; i < 300; i++) {
    sent.push_back({1'000'000'000 + i * apart_ns,
                    test::headers({.seq = 1000 + 1448 * static_cast<std::uint32_t>(i / 3),
                                   .ip_id = static_cast<std::uint16_t>(i + 1),
                                   .payload = 1448})});
  }
  const auto all = read(sent);
  EXPECT_EQ(all.packets.size(), 300);
  EXPECT_EQ(all.census.copies, 0);
}

TEST(Copies, WithoutAnIdentificationAWholeStreamThatRepeatsIsCopied) {
  for (const bool v6 : {false, true}) {
    const auto all = read(twice(acks(500, v6, false), each));
    EXPECT_EQ(all.packets.size(), 500) << v6;
    EXPECT_EQ(all.census.copies, 500) << v6;
  }
}

TEST(Copies, WithoutAnIdentificationSomeCantBeTold) {
  for (const bool v6 : {false, true}) {
    const auto some = read(twice(acks(500, v6, false), every_tenth));
    EXPECT_EQ(some.packets.size(), 550) << v6;
    EXPECT_EQ(some.census.copies, 0) << v6;
    EXPECT_EQ(some.census.perhaps_copies, 50) << v6;
  }
}

TEST(Copies, AnIdentificationThatNeverChangesTellsNothing) {
  auto sent = acks(300, false, true);
  for (Sent& one : sent) one.packet[4] = one.packet[5] = 9;
  const auto some = read(twice(sent, [](int i) { return i % 10 == 5; }));
  EXPECT_EQ(some.packets.size(), 330);
  EXPECT_EQ(some.census.copies, 0);
  EXPECT_EQ(some.census.perhaps_copies, 30);
}

TEST(Copies, TheOrderStaysWhileAStreamIsUndecided) {
  auto sent = twice(acks(40, true, false), every_tenth);
  const auto all = read(sent);
  ASSERT_EQ(all.packets.size(), sent.size());
  for (std::size_t i = 0; i < sent.size(); i++) {
    EXPECT_EQ(all.packets[i].time_ns, sent[i].time_ns);
  }
}

TEST(Copies, BothSidesOfARouterAreTwoPlaces) {
  for (const bool v6 : {false, true}) {
    const auto both = read(twice(acks(200, v6, !v6), each, 1));
    EXPECT_EQ(both.packets.size(), 400) << v6;
    EXPECT_EQ(both.census.copies, 0) << v6;
    EXPECT_EQ(both.census.second_side, 200) << v6;
    for (std::size_t i = 0; i < both.packets.size(); i++) {
      EXPECT_EQ(both.at[i].device, i % 2 == 0 ? "-" : "behind router") << v6;
    }
  }
}

TEST(Copies, ACookedCapturesDevicesArePlaces) {
  const auto sent = acks(100, false, true);
  Writer file;
  file.u32(0xa1b23c4d).u16(2).u16(4).u64(0).u32(65535).u32(276);
  for (const Sent& one : sent) {
    for (const auto& [device, way] : {std::pair(2, 0), std::pair(3, 4)}) {
      Writer frame(true);
      frame.u16(0x0800).u16(0).u32(device).u16(1).put(static_cast<std::uint8_t>(way));
      frame.put(std::uint8_t{6}).u64(0).raw(one.packet);
      file.u32(one.time_ns / 1'000'000'000).u32(one.time_ns % 1'000'000'000);
      file.u32(frame.bytes().size()).u32(frame.bytes().size()).raw(frame.bytes());
    }
  }
  const auto both = test::read_memory(file.bytes());
  ASSERT_EQ(both.packets.size(), 200);
  EXPECT_EQ(both.at[0].device, "if2 in");
  EXPECT_EQ(both.at[1].device, "if3 out");
  EXPECT_EQ(both.census.copies, 0);
}

TEST(Times, ThoseThatGoBackAreCountedAndEndNoGap) {
  auto sent = acks(100, false, true);
  for (std::size_t i = 5; i < sent.size(); i += 5) sent[i].time_ns -= 50'000'000;
  const auto all = read(sent);
  EXPECT_EQ(all.census.back_in_time, 19);
  EXPECT_EQ(all.census.back_max_ns, 50'000'000 - apart_ns);
  EXPECT_TRUE(all.packets[5].late);
  EXPECT_FALSE(all.packets[6].late);
}

TEST(Times, AFileWithoutTimesHasNone) {
  auto sent = acks(100, false, true);
  for (Sent& one : sent) one.time_ns = 0;
  EXPECT_EQ(read(sent).census.without_time, 100);
  for (Sent& one : sent) one.time_ns = 1'700'000'000'000'000'000;
  EXPECT_EQ(read(sent).census.without_time, 100);
}

TEST(Times, StepsAreTold) {
  auto sent = acks(500, false, true);
  EXPECT_EQ(read(sent).census.step_ns, 0) << "the gaps are equal, which tells nothing of the clock";
  for (std::size_t i = 0; i < sent.size(); i++) sent[i].time_ns += static_cast<std::int64_t>(i % 7);
  EXPECT_EQ(read(sent).clock.resolution_ns, 1);
  for (Sent& one : sent) one.time_ns = one.time_ns / 1'000'000 * 1'000'000;
  EXPECT_EQ(read(sent).clock.resolution_ns, 1'000'000);
}

}  // namespace
}  // namespace tscope
