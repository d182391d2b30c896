// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <random>

#include "analysis/acks/modes.hpp"
#include "unit/analysis/acks/ack_stream.hpp"

namespace tscope {
namespace {

using test::tau;

class Gaps {
 public:
  // `times` gaps around ns.
  Gaps& add(std::int64_t ns, int times, double spread = 0.02) {
    std::normal_distribution<double> around(static_cast<double>(ns),
                                            spread * static_cast<double>(ns));
    for (int i = 0; i < times; i++) histogram_.add(std::llround(std::max(0.0, around(random_))));
    return *this;
  }
  const Histogram& histogram() const { return histogram_; }

 private:
  std::mt19937 random_{42};
  Histogram histogram_;
};

TEST(FindModes, ANoisyHumpIsOneMode) {
  Histogram gaps;
  int i = 0;
  for (const int count : {10, 90, 80, 100, 85, 95, 20, 2, 1, 40, 3})
    for (int n = 0; n < count; n++) gaps.add(1000 * i + 500), i += n + 1 == count;
  const Modes modes = find_modes(gaps, 1000, 5000);
  ASSERT_EQ(modes.all.size(), 2U);
  EXPECT_NEAR(static_cast<double>(modes.all[0].at_ns), 3500, 4);
  EXPECT_NEAR(static_cast<double>(modes.all[1].at_ns), 9500, 10);
  ASSERT_TRUE(modes.below);
  EXPECT_EQ(modes.below->at_ns, modes.all[0].at_ns);
}

// A token bucket of 20 Mbit/s that counts 1514 bytes a frame.
TEST(FindModes, AModeNamesTheFramesThatItDoesNotExclude) {
  constexpr std::int64_t tau_20m = 615'200;
  Gaps gaps;
  gaps.add(605'600, 1000, 0.001).add(4'000'000, 100, 0.001);
  Modes modes = find_modes(gaps.histogram(), tau_20m / 12, tau_20m);
  name_frames(modes, 1500, 20e6);
  ASSERT_EQ(modes.all.size(), 2U);
  EXPECT_EQ(modes.all[0].frame_bytes, (std::vector<std::uint32_t>{1500, 1514, 1518}));
  EXPECT_TRUE(modes.all[1].frame_bytes.empty());  // six and a half segment times
  Modes unknown = find_modes(gaps.histogram(), tau_20m / 12, tau_20m);
  name_frames(unknown, 1500, 0);
  EXPECT_TRUE(unknown.all[0].frame_bytes.empty());
}

TEST(FindModes, TheModeBelowIsFoundBehindEightLargerOnes) {
  Gaps gaps;
  for (int i = 1; i <= 9; i++) gaps.add(2 * i * tau, 100, 0);
  gaps.add(tau / 2, 20, 0);
  const Modes modes = find_modes(gaps.histogram(), tau / 12, tau);
  EXPECT_EQ(modes.all.size(), 8U);
  ASSERT_TRUE(modes.below);
  EXPECT_NEAR(modes.below->multiple, 0.5, 0.001);
  EXPECT_FALSE(find_modes(gaps.histogram(), tau / 12, 0).below);
}

}  // namespace
}  // namespace tscope
