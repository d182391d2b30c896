// SPDX-License-Identifier: MIT
#include "tscope/base/tsc_check.hpp"

#include <gtest/gtest.h>
#include <sched.h>

namespace {

using std::chrono::milliseconds;

constexpr milliseconds limit{120'000};  // a busy machine takes its time over each hand-off
constexpr std::uint64_t hand_offs = 20;
constexpr std::uint64_t skew = 1'000'000'000'000;

int in_step = -1;  // set before the threads begin

// As if every CPU but one had been reset later.
std::uint64_t skewed_read() {
  const std::uint64_t tsc = tscope::read_tsc();
  return sched_getcpu() == in_step ? tsc : tsc - skew;
}

class TscAcrossCpus : public testing::Test {
 protected:
  void SetUp() override {
    cpus_ = tscope::usable_cpus();
    if (cpus_.size() < 2) GTEST_SKIP() << "one CPU: nothing to hand to";
  }
  std::vector<int> cpus_;
};

TEST_F(TscAcrossCpus, CountsTheHandOffs) {
  const auto seen = tscope::compare_tsc(cpus_[0], cpus_[1], hand_offs, limit);
  EXPECT_EQ(seen.count, hand_offs);
}

TEST_F(TscAcrossCpus, SeesASkew) {
  in_step = cpus_[0];
  const auto seen = tscope::compare_tsc(cpus_[0], cpus_[1], hand_offs, limit, skewed_read);
  // Every hand-off to the CPU that is behind goes backward.
  EXPECT_EQ(seen.count, hand_offs);
  EXPECT_EQ(seen.backward, hand_offs / 2);
  EXPECT_LE(seen.worst_ticks, skew);
  EXPECT_GT(seen.worst_ticks, skew / 2);
}

TEST_F(TscAcrossCpus, EndsWhenTheOtherCpuCantBeUsed) {
  const auto seen = tscope::compare_tsc(cpus_[0], CPU_SETSIZE - 1, 100, limit);
  EXPECT_LE(seen.count, 1);
}

TEST(TscRead, TrapsAreToldByTheCheapestRead) {
  // 10 ns with an interruption now and then; 2.5 µs, as Xen's emulation.
  EXPECT_FALSE(looks_trapped(tscope::ReadCost{25, 9000, 2.5e9}));
  EXPECT_TRUE(looks_trapped(tscope::ReadCost{6250, 6300, 2.5e9}));
}

TEST(TscRead, MeasuresSomething) {
  const tscope::ReadCost cost = tscope::measure_read_cost();
  EXPECT_GT(cost.tsc_hz, 1e6);
  EXPECT_GE(cost.median_ticks, cost.min_ticks);
}

}  // namespace
