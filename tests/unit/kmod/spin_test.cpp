// SPDX-License-Identifier: MIT
// The module's own spin, by a clock that says what a test wants.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace {

using u64 = std::uint64_t;
using s64 = std::int64_t;
using std::max;

std::vector<u64> ticks;  // what the clock says; then 10 more each time
std::size_t reads;

u64 tscope_now() {
  if (reads >= ticks.size()) ticks.push_back(ticks.back() + 10);
  return ticks[reads++];
}

void cpu_relax() {
}

#include "../../../kmod/spin.h"

void clock_says(std::vector<u64> first) {
  ticks = std::move(first);
  reads = 0;
}

TEST(Spin, EndsAtItsTime) {
  clock_says({1000});
  EXPECT_EQ(tscope_spin(1100, 5000), 10);
  EXPECT_EQ(ticks.back(), 1100);
}

TEST(Spin, IsNoneForATimePast) {
  clock_says({1000});
  EXPECT_EQ(tscope_spin(900, 5000), 0);
  EXPECT_EQ(reads, 1);
}

TEST(Spin, TellsTheLongestInterruption) {
  clock_says({1000, 1010, 1500, 1510});
  EXPECT_EQ(tscope_spin(1600, 5000), 490);
}

TEST(Spin, EndsAfterItsLongestTime) {
  clock_says({1000});
  tscope_spin(u64{1} << 40, 500);
  EXPECT_EQ(ticks.back(), 1500);
}

TEST(Spin, EndsWhenTheClockGoesBack) {
  clock_says({1'000'000, 1'000'010, 50});
  tscope_spin(1'000'100, 5000);
  EXPECT_EQ(reads, 3);
}

TEST(Spin, EndsWhenTheClockWasResetBefore) {
  clock_says({50});
  tscope_spin(1'000'000'000, 5000);
  EXPECT_EQ(ticks.back(), 5050);
}

TEST(SpinOut, EndsAtTheTimeAndNotBefore) {
  clock_says({1000});
  tscope_spin_out(1100, 5000);
  EXPECT_EQ(ticks.back(), 1100);
}

TEST(SpinOut, EndsWhenTheClockWasReset) {
  clock_says({999'900, 50});
  tscope_spin_out(1'000'000, 5000);
  EXPECT_EQ(reads, 2);
}

}  // namespace
