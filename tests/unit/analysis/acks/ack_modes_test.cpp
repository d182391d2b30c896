// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <random>

#include "analysis/acks/modes.hpp"
#include "unit/analysis/acks/ack_stream.hpp"

namespace tscope {
namespace {

using test::tau;

constexpr std::uint32_t mss = 1448;

class Gaps {
 public:
  // `times` gaps around ns, each acknowledging that many segments.
  Gaps& add(std::int64_t ns, int times, std::uint32_t segments, double spread = 0.02) {
    std::normal_distribution<double> around(static_cast<double>(ns),
                                            spread * static_cast<double>(ns));
    for (int i = 0; i < times; i++)
      histogram_.add(std::llround(std::max(0.0, around(random_))), segments * mss);
    return *this;
  }
  double inferred() const { return static_cast<double>(infer_segment_time(histogram_, mss)); }
  const Histogram& histogram() const { return histogram_; }

 private:
  std::mt19937 random_{42};
  Histogram histogram_;
};

TEST(InferSegmentTime, MainModeOfDelayedAcksIsTwoSegments) {
  EXPECT_NEAR(Gaps().add(2 * tau, 1000, 2).inferred(), tau, 0.01 * tau);
}

TEST(InferSegmentTime, TheThesissBaseline) {
  // 37 % at two segment times, 20 % at one, 9 % below, the rest at more.
  const auto gaps = Gaps()
                        .add(2 * tau, 370, 2)
                        .add(tau, 200, 1)
                        .add(tau / 3, 89, 1, 0.5)
                        .add(3 * tau, 200, 3)
                        .add(4 * tau, 141, 4);
  EXPECT_NEAR(gaps.inferred(), tau, 0.02 * tau);
}

TEST(InferSegmentTime, BatchesBeforeTheFirstTrueModeAreNoMode) {
  // As in a guest: 30 % in batches of 20 µs, the rest paced by the link.
  const auto gaps = Gaps().add(20'000, 300, 2).add(2 * tau, 400, 2).add(4 * tau, 300, 2);
  EXPECT_NEAR(gaps.inferred(), tau, 0.02 * tau);
}

TEST(InferSegmentTime, SlottedDeliveryHasNone) {
  // 8 ms slots on a link of 100 Mbit/s: neither the batch's gap nor the slot is a segment time.
  EXPECT_EQ(Gaps().add(2'000, 310, 2).add(8'000'000, 10, 2).inferred(), 0);
  EXPECT_EQ(Gaps().add(2'000, 870, 2).add(8'000'000, 130, 2).inferred(), 0);
}

TEST(InferSegmentTime, AWindowPerRoundTripHasNone) {
  EXPECT_EQ(Gaps().add(24'000, 90, 2).add(9'800'000, 10, 2).inferred(), 0);
}

TEST(InferSegmentTime, PausesDoNotHideIt) {
  EXPECT_NEAR(Gaps().add(2 * tau, 1000, 2).add(3'000'000'000, 3, 2).inferred(), tau, 0.01 * tau);
}

TEST(InferSegmentTime, FewGapsOrNoBytesTellNothing) {
  EXPECT_EQ(Gaps().add(2 * tau, 49, 2).inferred(), 0);
  EXPECT_GT(Gaps().add(2 * tau, 50, 2).inferred(), 0);
  EXPECT_EQ(Gaps().add(2 * tau, 1000, 0).inferred(), 0);
}

TEST(InferSegmentTime, ASmearHasNone) {
  Gaps gaps;
  for (std::int64_t ns = 1000; ns < 100'000'000; ns += ns / 30) gaps.add(ns, 1, 1, 0);
  EXPECT_EQ(gaps.inferred(), 0);
}

TEST(FindModes, ANoisyHumpIsOneMode) {
  Histogram gaps;
  int i = 0;
  for (const int count : {10, 90, 80, 100, 85, 95, 20, 2, 1, 40, 3})
    for (int n = 0; n < count; n++) gaps.add(1000 * i + 500, 0), i += n + 1 == count;
  const Modes modes = find_modes(gaps, 1000, 5000);
  ASSERT_EQ(modes.all.size(), 2U);
  EXPECT_NEAR(static_cast<double>(modes.all[0].at_ns), 3500, 4);
  EXPECT_NEAR(static_cast<double>(modes.all[1].at_ns), 9500, 10);
  ASSERT_TRUE(modes.below);
  EXPECT_EQ(modes.below->at_ns, modes.all[0].at_ns);
}

TEST(FindModes, TheModeBelowIsFoundBehindEightLargerOnes) {
  Gaps gaps;
  for (int i = 1; i <= 9; i++) gaps.add(2 * i * tau, 100, 2, 0);
  gaps.add(tau / 2, 20, 1, 0);
  const Modes modes = find_modes(gaps.histogram(), tau / 12, tau);
  EXPECT_EQ(modes.all.size(), 8U);
  ASSERT_TRUE(modes.below);
  EXPECT_NEAR(modes.below->multiple, 0.5, 0.001);
  EXPECT_FALSE(find_modes(gaps.histogram(), tau / 12, 0).below);
}

}  // namespace
}  // namespace tscope
