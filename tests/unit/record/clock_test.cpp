// SPDX-License-Identifier: MIT
#include "tscope/record/clock.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>

#include "unit/base/coverage.hpp"

namespace {

using tscope::Anchor;
using tscope::ClockModel;
using tscope::test::Coverage;

constexpr std::int64_t rounding_ns = 2;  // of the anchors and of the time given
constexpr std::int64_t epoch_ns = 1'800'000'000'000'000'000;

// A machine whose true clock runs at `hz` ticks a second; its anchors are read with a width.
class Machine {
 public:
  explicit Machine(double hz) : hz_(hz) {}

  std::uint64_t tick(double seconds) const {
    return base_ + static_cast<std::uint64_t>(std::llround(seconds * hz_));
  }
  std::int64_t true_ns(std::uint64_t tsc) const {
    return epoch_ns +
           std::llround(static_cast<double>(static_cast<std::int64_t>(tsc - base_)) / hz_ * 1e9);
  }
  // The kernel's clock is read `asymmetry` ticks off the middle, at most half the width.
  Anchor anchor(double seconds, std::uint64_t width = 0, std::int64_t asymmetry = 0,
                std::int64_t wall_offset_ns = 0) const {
    const std::uint64_t tsc = tick(seconds);
    const std::int64_t ns = true_ns(tsc + static_cast<std::uint64_t>(asymmetry)) - epoch_ns;
    return {tsc, width, static_cast<std::uint64_t>(ns + 5'000'000'000),
            static_cast<std::uint64_t>(epoch_ns + ns + wall_offset_ns)};
  }

 private:
  double hz_;
  std::uint64_t base_ = 1'000'000'000'000;
};

std::int64_t error_at(const ClockModel& clock, const Machine& machine, double seconds) {
  const std::uint64_t tsc = machine.tick(seconds);
  return std::abs(clock.to_ns(tsc) - machine.true_ns(tsc));
}

TEST(Clock, WithTheRightRateTimesAreExact) {
  const Machine machine(2.5e9);
  ClockModel clock(machine.anchor(0), 2'500'000);
  for (int i = 1; i <= 100; i++) clock.add(machine.anchor(i));
  EXPECT_LE(error_at(clock, machine, 99.7), rounding_ns);
  EXPECT_LE(clock.info().error_ns, 2 * rounding_ns);
  EXPECT_EQ(clock.info().steps, 0);
  EXPECT_NEAR(clock.info().tsc_hz, 2.5e9, 1);
  EXPECT_EQ(clock.info().source, "tsc");
}

TEST(Clock, TicksBeforeTheFirstAnchorAreExtrapolated) {
  const Machine machine(2.5e9);
  const ClockModel clock(machine.anchor(1), 2'500'000);
  EXPECT_EQ(clock.to_ns(machine.tick(0.999)) - clock.to_ns(machine.tick(1)), -1'000'000);
}

TEST(Clock, AWrongNominalRateIsLearntAndItsErrorBounded) {
  const Machine machine(2.5e9 * 1.0002);
  ClockModel clock(machine.anchor(0), 2'500'000);
  const double times[] = {0.01, 0.04, 0.14, 0.44, 1.44, 2.44, 3.44, 4.44, 5.44};
  double before = 0;
  for (const double time : times) {
    clock.add(machine.anchor(time));
    // All that was said until here is within the bound as it is now.
    for (double t = before; t <= time; t += (time - before) / 7) {
      EXPECT_LE(error_at(clock, machine, t), clock.info().error_ns) << t;
    }
    before = time;
  }
  // 10 ms at 200 ppm, then never as bad again.
  EXPECT_GE(clock.info().error_ns, 2000);
  EXPECT_LE(clock.info().error_ns, 2010);
  EXPECT_LE(error_at(clock, machine, 5.9), rounding_ns);
  EXPECT_NEAR(clock.info().tsc_hz, 2.5e9 * 1.0002, 100);
}

TEST(Clock, NeverRunsBackwards) {
  // Far too fast at first: the correction must slow the line, not turn it.
  const Machine machine(3e9);
  ClockModel clock(machine.anchor(0), 1'000'000);
  for (int i = 1; i <= 10; i++) clock.add(machine.anchor(i * 0.1));
  std::int64_t last = INT64_MIN;
  for (double t = 0; t < 1.2; t += 0.0007) {
    const std::int64_t now = clock.to_ns(machine.tick(t));
    EXPECT_GT(now, last) << t;
    last = now;
  }
}

TEST(Clock, ATimeOnceGivenStays) {
  const Machine machine(2.5e9 * 1.0001);
  ClockModel clock(machine.anchor(0), 2'500'000);
  clock.add(machine.anchor(1));
  const std::int64_t said = clock.to_ns(machine.tick(1.5));
  clock.add(machine.anchor(2));
  clock.add(machine.anchor(3));
  EXPECT_EQ(clock.to_ns(machine.tick(1.5)), said);
}

TEST(Clock, TheWidthOfAReadIsNotTakenForDrift) {
  const Machine machine(2.5e9);
  ClockModel clock(machine.anchor(0, 100), 2'500'000);
  // 10 ms apart, 40 ns wide: read as a rate that would be 2 ppm.
  clock.add(machine.anchor(0.01, 100, 50));
  EXPECT_LE(error_at(clock, machine, 10), rounding_ns);
}

TEST(Clock, ReadsThatAHostInterruptedDoNotSpoilTheBound) {
  const Machine machine(2.5e9);
  ClockModel clock(machine.anchor(0, 100), 2'500'000);
  clock.add(machine.anchor(1, 100));
  clock.add(machine.anchor(2, 12'500'000, 6'000'000));  // 5 ms wide
  EXPECT_GE(clock.info().error_ns, 2'500'000) << "nothing better is known yet";
  clock.add(machine.anchor(3, 100));
  EXPECT_LE(clock.info().error_ns, 30);
  EXPECT_LE(error_at(clock, machine, 2.5), rounding_ns);
}

TEST(Clock, SlewOfTheWallClockChangesNoTimeAndIsNoStep) {
  const Machine machine(2.5e9);
  ClockModel clock(machine.anchor(0), 2'500'000);
  for (int i = 1; i <= 20; i++) clock.add(machine.anchor(i, 0, 0, i * 500'000));
  EXPECT_EQ(clock.info().steps, 0);
  EXPECT_LE(error_at(clock, machine, 20), rounding_ns);
}

TEST(Clock, AStepOfTheWallClockIsCountedAndChangesNoGap) {
  const Machine machine(2.5e9);
  ClockModel clock(machine.anchor(0), 2'500'000);
  clock.add(machine.anchor(1));
  clock.add(machine.anchor(2, 0, 0, -3'600'000'000'000));
  clock.add(machine.anchor(3, 0, 0, -3'600'000'000'000));
  EXPECT_EQ(clock.info().steps, 1);
  EXPECT_LE(error_at(clock, machine, 3.5), rounding_ns);
}

TEST(Clock, AnchorsOutOfOrderAreIgnoredAndCounted) {
  const Machine machine(2.5e9);
  ClockModel clock(machine.anchor(1), 2'500'000);
  clock.add(machine.anchor(2));
  clock.add(machine.anchor(1.5));
  EXPECT_EQ(clock.info().steps, 1);
  EXPECT_LE(error_at(clock, machine, 3), rounding_ns);
}

// The claim of info().error_ns, on machines with any rate, any width, any asymmetry within it.
TEST(Clock, TheBoundHolds) {
  Coverage coverage("clock_error");
  std::mt19937_64 random(42);
  const auto uniform = [&](double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random);
  };
  for (unsigned machine_number = 0; machine_number < Coverage::runs; machine_number++) {
    const Machine machine(2.5e9 * (1 + uniform(-300e-6, 300e-6)));
    const auto random_anchor = [&](double seconds) {
      const auto width =
          static_cast<std::uint64_t>(std::exp(uniform(3, random() % 8 == 0 ? 15 : 6)));
      const auto half = static_cast<double>(width) / 2;
      return machine.anchor(seconds, width, static_cast<std::int64_t>(uniform(-half, half)));
    };
    ClockModel clock(random_anchor(0), 2'500'000);
    double now = 0;
    std::int64_t worst = 0;
    for (int i = 0; i < 20; i++) {
      const double next = now + uniform(0.05, 1);
      clock.add(random_anchor(next));
      for (double t = now; t < next; t += 0.049)
        worst = std::max(worst, error_at(clock, machine, t));
      now = next;
    }
    coverage.add(worst <= clock.info().error_ns);
  }
  coverage.expect_bound();
}

}  // namespace
