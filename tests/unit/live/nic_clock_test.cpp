// SPDX-License-Identifier: MIT
#include "live/nic/nic_clock.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <random>
#include <vector>

#include "unit/base/coverage.hpp"

namespace tscope {
namespace {

constexpr std::int64_t second = 1'000'000'000, epoch = 1'700'000'000 * second;

/// A clock that runs on from `offset` at epoch, `ppm` too fast, and is read through windows of up
/// to `widest` ns, each time at another place of it.
struct FakePhc {
  std::uint64_t offset = 0;
  double ppm = 0;
  std::int64_t widest = 3000;
  std::mt19937_64 random{1};

  std::uint64_t at(std::int64_t time_ns) const {
    const auto elapsed = static_cast<double>(time_ns - epoch);
    return offset + static_cast<std::uint64_t>(std::llround(elapsed * (1 + ppm * 1e-6)));
  }
  void read(NicClock& clock, std::int64_t time_ns) {
    const auto width =
        static_cast<std::int64_t>(200 + random() % static_cast<std::uint64_t>(widest - 199));
    const auto place = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(width + 1));
    clock.add(at(time_ns - width / 2 + place), time_ns, width);
  }
};

std::int64_t worst_error(const NicClock& clock, const FakePhc& phc, std::int64_t from,
                         std::int64_t to) {
  std::int64_t worst = 0;
  for (std::int64_t time = from; time < to; time += 1'777'777) {
    worst = std::max(worst, std::abs(clock.to_ns(phc.at(time)).value() - time));
  }
  return worst;
}

TEST(NicClock, OffsetAndDriftAreFoundWithinTheStatedError) {
  const std::vector<std::uint64_t> offsets{5 * second, epoch, epoch + 37 * second};
  for (const std::uint64_t offset : offsets) {
    for (const double ppm : {-100.0, -3.5, 0.0, 40.0, 150.0}) {
      for (const std::uint64_t seed : {1U, 2U, 3U}) {
        FakePhc phc{offset, ppm, 3000, std::mt19937_64(seed)};
        NicClock clock;
        std::int64_t worst = 0, now = epoch;
        phc.read(clock, now);
        for (const std::int64_t step : {2, 10, 30, 100, 300, 1000, 1000, 1000, 1000, 1000}) {
          // As a live capture has it: a stamp is placed before the next reading.
          worst = std::max(worst, worst_error(clock, phc, now, now + step * 1'000'000));
          now += step * 1'000'000;
          phc.read(clock, now);
        }
        EXPECT_LE(worst, clock.error_ns()) << offset << " " << ppm << " " << seed;
        EXPECT_LE(clock.error_ns(), 100'000) << "the bound says something";
        EXPECT_EQ(clock.steps(), 0);
      }
    }
  }
}

// Any rate, any width of the readings, any time between them.
TEST(NicClock, TheBoundHolds) {
  test::Coverage coverage("nic_clock_error");
  for (unsigned seed = 0; seed < test::Coverage::runs; seed++) {
    std::mt19937_64 random(seed);
    const auto between = [&](double low, double high) {
      return std::uniform_real_distribution(low, high)(random);
    };
    FakePhc phc{static_cast<std::uint64_t>(between(0, 2e18)), between(-300, 300),
                static_cast<std::int64_t>(std::exp(between(5.5, 12))), std::mt19937_64(seed)};
    NicClock clock;
    std::int64_t worst = 0, now = epoch;
    phc.read(clock, now);
    for (int i = 0; i < 10; i++) {
      const auto step = static_cast<std::int64_t>(std::exp(between(14, 20.8)));  // 1.2 ms to 1.1 s
      worst = std::max(worst, worst_error(clock, phc, now, now + step));
      now += step;
      phc.read(clock, now);
    }
    coverage.add(worst <= clock.error_ns());
  }
  coverage.expect_bound();
}

TEST(NicClock, NarrowReadingsMakeANarrowBound) {
  FakePhc phc{epoch, 20, 300, std::mt19937_64(4)};
  NicClock clock;
  for (int i = 0; i < 20; i++) phc.read(clock, epoch + i * 10'000'000);
  EXPECT_LT(clock.error_ns(), 1000) << "a read, and 20 ppm for the 10 ms before they are known";
  EXPECT_LE(worst_error(clock, phc, epoch + 150'000'000, epoch + 190'000'000), clock.error_ns());
}

TEST(NicClock, ErrorIsAtLeastHalfAReading) {
  NicClock clock;
  clock.add(epoch, epoch, 5000);
  clock.add(epoch + second, epoch + second, 5000);
  EXPECT_GE(clock.error_ns(), 2500);
}

TEST(NicClock, OneThatStandsStillGivesNoTime) {
  NicClock clock;
  EXPECT_EQ(clock.to_ns(5), std::nullopt);
  clock.add(77, epoch, 500);
  EXPECT_FALSE(clock.stands_still());
  clock.add(77, epoch + 2'000'000, 500);
  EXPECT_TRUE(clock.stands_still());
  EXPECT_EQ(clock.to_ns(77), std::nullopt);

  clock.add(100, epoch + 3'000'000, 500);
  EXPECT_FALSE(clock.stands_still());
  EXPECT_EQ(clock.to_ns(100), epoch + 3'000'000);
}

TEST(NicClock, OneThatWasSetBeginsAnew) {
  FakePhc phc{epoch, 10, 300, std::mt19937_64(5)};
  NicClock clock;
  for (int i = 0; i < 5; i++) phc.read(clock, epoch + i * second);
  phc.offset += 37 * static_cast<std::uint64_t>(second);
  for (int i = 5; i < 10; i++) phc.read(clock, epoch + i * second);
  EXPECT_EQ(clock.steps(), 1);
  EXPECT_LE(worst_error(clock, phc, epoch + 6 * second, epoch + 9 * second), clock.error_ns());

  phc.offset -= 74 * static_cast<std::uint64_t>(second);
  phc.read(clock, epoch + 11 * second);
  EXPECT_EQ(clock.steps(), 2);
  EXPECT_LE(worst_error(clock, phc, epoch + 11 * second, epoch + 11 * second + 1000),
            clock.error_ns());
}

}  // namespace
}  // namespace tscope
