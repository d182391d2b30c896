// SPDX-License-Identifier: MIT
#include "live/reader/merge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>

#include "unit/live/reader/fake_rings.hpp"

namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using tscope::Merge;

constexpr std::uint64_t window = 100;

struct Taken {
  std::vector<std::uint64_t> tsc;
  std::vector<std::uint64_t> late;
};

Taken take_all(Merge& merge) {
  Taken taken;
  bool late = false;
  while (const tscope_record* record = merge.next(late)) {
    (late ? taken.late : taken.tsc).push_back(record->tsc);
  }
  return taken;
}

TEST(Merge, OrdersTheRecordsOfSeveralCpus) {
  FakeRings kernel(3, 16);
  for (const std::uint64_t tsc : {10, 13, 16}) kernel.write(0, tsc);
  for (const std::uint64_t tsc : {11, 12, 17}) kernel.write(2, tsc);
  Merge merge(kernel.readers(), window);
  merge.gather(1000);
  EXPECT_THAT(take_all(merge).tsc, ElementsAre(10, 11, 12, 13, 16, 17));
  EXPECT_EQ(merge.late(), 0);
}

TEST(Merge, ASilentCpuBlocksNobody) {
  FakeRings kernel(2, 16);
  kernel.write(0, 10);
  Merge merge(kernel.readers(), window);
  merge.gather(110);
  EXPECT_THAT(take_all(merge).tsc, ElementsAre(10));
}

TEST(Merge, ARecordWaitsForTheWindow) {
  FakeRings kernel(2, 16);
  kernel.write(0, 10);
  kernel.write(0, 12);
  Merge merge(kernel.readers(), window);
  merge.gather(111);
  EXPECT_THAT(take_all(merge).tsc, ElementsAre(10));
  kernel.write(1, 11);
  merge.gather(150);
  EXPECT_THAT(take_all(merge).tsc, ElementsAre(11, 12));
  EXPECT_EQ(merge.late(), 0);
}

TEST(Merge, OneThatComesAfterTheWindowIsDeliveredAtOnceMarkedAndCounted) {
  FakeRings kernel(2, 16);
  kernel.write(0, 10);
  kernel.write(0, 200);
  Merge merge(kernel.readers(), window);
  merge.gather(150);
  EXPECT_THAT(take_all(merge).tsc, ElementsAre(10));
  kernel.write(1, 9);
  merge.gather(151);
  const Taken taken = take_all(merge);
  EXPECT_THAT(taken.late, ElementsAre(9));
  EXPECT_THAT(taken.tsc, IsEmpty());
  EXPECT_EQ(merge.late(), 1);
}

TEST(Merge, AHookThatInterruptedAnotherComesFirst) {
  FakeRings kernel(1, 16);
  for (const std::uint64_t tsc : {20, 22, 21, 25, 23}) kernel.write(0, tsc);
  Merge merge(kernel.readers(), window);
  merge.gather(1000);
  EXPECT_THAT(take_all(merge).tsc, ElementsAre(20, 21, 22, 23, 25));
  EXPECT_EQ(kernel.tail(0), 5);
}

TEST(Merge, KeepsTheSlotsOfWhatWaits) {
  FakeRings kernel(1, 16);
  // The second one in the ring is the youngest: it holds the slots behind it.
  for (const std::uint64_t tsc : {10, 300, 11, 12}) kernel.write(0, tsc);
  Merge merge(kernel.readers(), window);
  merge.gather(200);
  EXPECT_THAT(take_all(merge).tsc, ElementsAre(10, 11, 12));
  EXPECT_EQ(kernel.tail(0), 1);
  merge.gather(400);
  EXPECT_THAT(take_all(merge).tsc, ElementsAre(300));
  EXPECT_EQ(kernel.tail(0), 4);
}

TEST(Merge, WhatMakesNoSenseIsLeftOutAndCounted) {
  FakeRings kernel(1, 16);
  kernel.write(0, 10);
  tscope_record bad = FakeRings::record(0, 11);
  bad.vantage = 99;
  kernel.write(0, bad);
  kernel.write(0, UINT64_MAX);  // would wait for ever
  kernel.write(0, 12);
  Merge merge(kernel.readers(), window);
  merge.gather(1000);
  EXPECT_THAT(take_all(merge).tsc, ElementsAre(10, 12));
  EXPECT_EQ(merge.invalid(), 2);
  EXPECT_EQ(kernel.tail(0), 4);
}

TEST(Merge, AtTheEndEverythingComesInOrder) {
  FakeRings kernel(2, 16);
  for (const std::uint64_t tsc : {990, 995}) kernel.write(0, tsc);
  kernel.write(1, 992);
  Merge merge(kernel.readers(), window);
  merge.gather(1000);
  EXPECT_THAT(take_all(merge).tsc, IsEmpty());
  merge.gather_rest(1000);
  EXPECT_THAT(take_all(merge).tsc, ElementsAre(990, 992, 995));
}

TEST(Merge, AtTheEndASlotThatWasNeverCommittedHidesNothing) {
  FakeRings kernel(1, 16);
  kernel.write(0, 10);
  std::uint64_t never = 0;
  ASSERT_TRUE(kernel.reserve(0, never));
  kernel.write(0, 12);
  Merge merge(kernel.readers(), window);
  merge.gather(1000);
  EXPECT_THAT(take_all(merge).tsc, ElementsAre(10));
  merge.gather_rest(1000);
  EXPECT_THAT(take_all(merge).tsc, ElementsAre(12));
  EXPECT_EQ(merge.invalid(), 1);
}

TEST(Merge, AQuarterFullRingDoesNotWaitForTheWindow) {
  FakeRings kernel(2, 16);
  kernel.write(1, 1003);
  for (std::uint64_t i = 0; i < 8; i++) kernel.write(0, 1000 + i);
  Merge merge(kernel.readers(), window);
  merge.gather(1010);
  EXPECT_THAT(take_all(merge).tsc, ElementsAre(1000, 1001, 1002, 1003, 1003));
  EXPECT_EQ(kernel.tail(0), 4);
  merge.gather(1200);
  EXPECT_THAT(take_all(merge).tsc, ElementsAre(1004, 1005, 1006, 1007));
}

TEST(Merge, AScribbledTailEndsWithinOneLap) {
  FakeRings kernel(1, 16);
  for (int i = 0; i < 5; i++) kernel.write(0, 10 + i);
  kernel.reader(0).give_back(UINT64_MAX - 3);
  Merge merge(kernel.readers(), window);
  merge.gather(1000);
  take_all(merge);
  merge.gather_rest(1000);
  EXPECT_LE(take_all(merge).tsc.size(), 16);
}

// Whatever the CPUs do: nothing lost, nothing twice, in order but for those marked.
TEST(Merge, RandomTrafficIsCompleteAndInOrder) {
  constexpr std::uint32_t cpus = 5;
  std::mt19937_64 random(20261121);
  FakeRings kernel(cpus, 256);
  Merge merge(kernel.readers(), window);
  std::vector<std::uint64_t> written, in_order, all;
  std::uint64_t now = 1000;
  for (int round = 0; round < 2000; round++) {
    for (std::uint64_t i = random() % 40; i > 0; i--) {
      now += random() % 3;
      // Up to 1.5 windows late: some come out of order, some too late.
      const std::uint64_t tsc = now - random() % (random() % 50 == 0 ? window * 3 / 2 : 3);
      if (kernel.write(static_cast<std::uint32_t>(random() % cpus), tsc)) written.push_back(tsc);
    }
    merge.gather(now);
    const Taken taken = take_all(merge);
    in_order.insert(in_order.end(), taken.tsc.begin(), taken.tsc.end());
    all.insert(all.end(), taken.late.begin(), taken.late.end());
  }
  merge.gather_rest(now);
  const Taken rest = take_all(merge);
  in_order.insert(in_order.end(), rest.tsc.begin(), rest.tsc.end());
  all.insert(all.end(), rest.late.begin(), rest.late.end());
  EXPECT_TRUE(std::ranges::is_sorted(in_order));
  EXPECT_EQ(all.size(), merge.late());
  EXPECT_GT(merge.late(), 0);
  all.insert(all.end(), in_order.begin(), in_order.end());
  std::ranges::sort(all);
  std::ranges::sort(written);
  EXPECT_EQ(all, written);
  for (std::uint32_t cpu = 0; cpu < cpus; cpu++) EXPECT_EQ(kernel.tail(cpu), kernel.head(cpu));
}

// For -fsanitize=thread as well.
TEST(Merge, ReadsWhileSeveralThreadsWrite) {
  constexpr std::uint32_t cpus = 3;
  constexpr std::uint64_t records = 50000;
  FakeRings kernel(cpus, 256);
  std::atomic<std::uint64_t> clock{1};
  std::atomic<std::uint32_t> running{cpus};
  std::vector<std::thread> producers;
  for (std::uint32_t cpu = 0; cpu < cpus; cpu++) {
    producers.emplace_back([&, cpu] {
      for (std::uint64_t i = 0; i < records; i++) {
        const std::uint64_t tsc = clock.fetch_add(1);
        while (!kernel.write(cpu, tsc)) std::this_thread::yield();
      }
      running--;
    });
  }
  Merge merge(kernel.readers(), 1000);
  std::uint64_t taken = 0, newest = 0, disorder = 0;
  const auto take = [&] {
    bool late = false;
    while (const tscope_record* record = merge.next(late)) {
      taken++;
      if (!late && record->tsc < newest) disorder++;
      newest = std::max<std::uint64_t>(newest, record->tsc);
    }
  };
  while (running > 0) {
    merge.gather(clock);
    take();
  }
  for (auto& producer : producers) producer.join();
  merge.gather_rest(clock);
  take();
  EXPECT_EQ(taken, cpus * records);
  EXPECT_EQ(disorder, 0);
  EXPECT_EQ(merge.invalid(), 0);
}

}  // namespace
