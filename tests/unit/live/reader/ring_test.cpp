// SPDX-License-Identifier: MIT
#include "live/reader/ring.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "unit/live/reader/fake_rings.hpp"

namespace {

using tscope::PassedPackets;
using tscope::Ring;
using tscope::Vantage;

TEST(Ring, GivesACommittedRecordAndNothingElse) {
  FakeRings kernel(1, 16);
  Ring ring = kernel.reader(0);
  EXPECT_EQ(ring.committed(0), nullptr);
  kernel.write(0, 5);
  ASSERT_NE(ring.committed(0), nullptr);
  EXPECT_EQ(ring.committed(0)->tsc, 5);
  EXPECT_EQ(ring.committed(1), nullptr);
}

TEST(Ring, DoesNotTakeTheLastLapsRecordForANewOne) {
  FakeRings kernel(1, 16);
  Ring ring = kernel.reader(0);
  for (int i = 0; i < 16; i++) kernel.write(0, 100 + i);
  EXPECT_EQ(ring.committed(16), nullptr);
  ring.give_back(3);
  EXPECT_TRUE(kernel.write(0, 200));
  ASSERT_NE(ring.committed(16), nullptr);
  EXPECT_EQ(ring.committed(16)->tsc, 200);
  EXPECT_EQ(ring.committed(0), nullptr) << "overwritten";
}

TEST(Ring, WaitsAtASlotThatIsReservedButNotCommitted) {
  FakeRings kernel(1, 16);
  Ring ring = kernel.reader(0);
  std::uint64_t interrupted = 0;
  ASSERT_TRUE(kernel.reserve(0, interrupted));
  kernel.write(0, 7);
  EXPECT_EQ(ring.committed(0), nullptr);
  kernel.commit(0, interrupted, FakeRings::record(0, 6));
  EXPECT_EQ(ring.committed(0)->tsc, 6);
  EXPECT_EQ(ring.committed(1)->tsc, 7);
}

TEST(Ring, AFullRingLosesAndCounts) {
  FakeRings kernel(1, 16);
  for (int i = 0; i < 20; i++) kernel.write(0, i);
  tscope::Loss loss;
  kernel.reader(0).add_losses(loss);
  EXPECT_EQ(loss.by_cause(TSCOPE_LOST_FULL), 4);
  EXPECT_EQ(loss.at(tscope::Vantage::driver_rx).segments, 4);
  EXPECT_EQ(loss.at(tscope::Vantage::socket_rx).records, 0);
}

TEST(Ring, SoundRecordsPass) {
  EXPECT_TRUE(tscope::sound(FakeRings::record(3, 1), 3));
  tscope_record event = FakeRings::record(3, 1);
  event.vantage = TSCOPE_SESSION;
  event.kind = TSCOPE_CLOSE;
  EXPECT_TRUE(tscope::sound(event, 3));
}

TEST(Ring, AScribbledFieldIsRefused) {
  const std::pair<const char*, std::function<void(tscope_record&)>> scribbles[] = {
      {"another CPU", [](tscope_record& r) { r.cpu = 4; }},
      {"no such vantage point", [](tscope_record& r) { r.vantage = TSCOPE_VANTAGES; }},
      {"header too long", [](tscope_record& r) { r.header_len = TSCOPE_HEADER_MAX + 1; }},
      {"header too short", [](tscope_record& r) { r.header_len = 19; }},
      {"no segment", [](tscope_record& r) { r.segs = 0; }},
      {"no kind", [](tscope_record& r) { r.kind = 0; }},
      {"no such kind", [](tscope_record& r) { r.kind = 4; }},
      {"an event at a packet's vantage point", [](tscope_record& r) { r.kind = TSCOPE_OPEN; }},
      {"a packet among events", [](tscope_record& r) { r.vantage = TSCOPE_SESSION; }},
      {"no such clock", [](tscope_record& r) { r.clock = 3; }},
  };
  for (const auto& [what, scribble] : scribbles) {
    tscope_record record = FakeRings::record(3, 1);
    scribble(record);
    EXPECT_FALSE(tscope::sound(record, 3)) << what;
  }
}

// For -fsanitize=thread as well: the reader takes each record whole, in order, over many laps.
TEST(Ring, TwoThreadsShareARing) {
  constexpr std::uint64_t records = 200000;
  FakeRings kernel(1, 64);
  std::thread producer([&] {
    for (std::uint64_t i = 0; i < records; i++) {
      tscope_record record = FakeRings::record(0, i);
      record.seq = static_cast<std::uint32_t>(i * 2654435761U);
      while (!kernel.write(0, record)) std::this_thread::yield();
    }
  });
  Ring ring = kernel.reader(0);
  std::uint64_t wrong = 0;
  for (std::uint64_t i = 0; i < records; i++) {
    const tscope_record* record = nullptr;
    while ((record = ring.committed(i)) == nullptr) std::this_thread::yield();
    wrong += record->tsc != i || record->seq != static_cast<std::uint32_t>(i * 2654435761U);
    ring.give_back(i + 1);
  }
  producer.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Ring, WhatPassedIsAddedUpOverTheCpusByDevice) {
  FakeRings fake(2, 16);
  fake.passed(0, TSCOPE_PASSED_RX, 3) = {
      .ifindex = 3, .shared = 0, .frames = 10, .more_segments = 5};
  fake.passed(1, TSCOPE_PASSED_RX, 3) = {
      .ifindex = 3, .shared = 0, .frames = 1, .more_segments = 0};
  fake.passed(1, TSCOPE_PASSED_TX, 3) = {
      .ifindex = 67, .shared = 1, .frames = 2, .more_segments = 0};
  PassedPackets passed;
  passed.vantages = {Vantage::driver_rx, Vantage::driver_tx};
  passed.table_size = TSCOPE_PASSED_DEVICES;
  for (const Ring& ring : fake.readers()) ring.add_passed(passed);
  EXPECT_EQ(passed.at(Vantage::driver_rx, 3).frames, 11);
  EXPECT_EQ(passed.at(Vantage::driver_rx, 3).segments, 16);
  EXPECT_EQ(passed.at(Vantage::driver_tx, 67).frames, 2);
  EXPECT_EQ(passed.at(Vantage::driver_tx, 3).frames, 0);
  EXPECT_TRUE(passed.counts_all_of(Vantage::driver_rx, 3));
  EXPECT_FALSE(passed.counts_all_of(Vantage::driver_tx, 3)) << "67 had its place";
  EXPECT_FALSE(passed.counts_all_of(Vantage::driver_tx, 67)) << "3 may have had it elsewhere";
}

}  // namespace
