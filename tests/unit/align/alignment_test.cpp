// SPDX-License-Identifier: MIT
#include "tscope/align/alignment.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <random>

#include "align/at_rest.hpp"
#include "align/envelope.hpp"
#include "tscope/base/error.hpp"
#include "unit/align/path.hpp"

namespace tscope {
namespace {

using test::begin;
using test::envelope_of;
using test::error_between;
using test::Path;
using test::samples;

TEST(Alignment, RecoversOffsetAndDriftWithinTheStatedError) {
  for (unsigned seed = 0; seed < 150; seed++) {
    std::mt19937 random(seed);
    Path path;
    path.drift = std::uniform_real_distribution(-200e-6, 200e-6)(random);
    path.there_queue_ns = std::uniform_real_distribution(20e3, 3e6)(random);
    path.back_queue_ns = std::uniform_real_distribution(20e3, 1e6)(random);
    path.packets = std::uniform_int_distribution(300, 9000)(random);
    const Alignment alignment = envelope_of(samples(path, seed));
    ASSERT_TRUE(alignment.error_ns) << seed;
    EXPECT_LE(error_between(alignment, path, 0, path.duration_ns), *alignment.error_ns) << seed;
    EXPECT_LT(*alignment.error_ns, 200'000) << seed;
    EXPECT_GE(*alignment.error_ns, 47'500) << seed << ": less than half the way there and back";
    EXPECT_NEAR(alignment.drift_ppm(), path.drift * 1e6, 5) << seed;
    EXPECT_TRUE(alignment.steps.empty()) << seed;
    EXPECT_EQ(alignment.outliers, 0U) << seed;
  }
}

TEST(Alignment, TheDriftsErrorHoldsTheDrift) {
  for (unsigned seed = 0; seed < 100; seed++) {
    std::mt19937 random(seed);
    Path path;
    path.drift = std::uniform_real_distribution(-200e-6, 200e-6)(random);
    const Alignment alignment = envelope_of(samples(path, seed));
    ASSERT_TRUE(alignment.drift_error_ppm()) << seed;
    EXPECT_LE(std::abs(alignment.drift_ppm() - path.drift * 1e6), *alignment.drift_error_ppm())
        << seed;
    EXPECT_LT(*alignment.drift_error_ppm(), 40) << seed;
  }
}

// In a millisecond no drift of any clock shows: none is claimed.
TEST(Alignment, AShortTimeTellsNoDrift) {
  for (unsigned seed = 0; seed < 100; seed++) {
    Path path;
    path.drift = 0;
    path.duration_ns = 1'000'000;
    path.packets = 40;
    const Alignment alignment = envelope_of(samples(path, seed));
    EXPECT_FALSE(alignment.drift_error_ppm()) << seed;
    EXPECT_LT(std::abs(alignment.drift_ppm()), 1) << seed;
    ASSERT_TRUE(alignment.error_ns) << seed;
    EXPECT_LE(error_between(alignment, path, 0, path.duration_ns), *alignment.error_ns) << seed;
  }
}

TEST(Alignment, AStepIsFlaggedWithItsTimeAndSize) {
  for (unsigned seed = 0; seed < 150; seed++) {
    std::mt19937 random(1000 + seed);
    Path path;
    path.drift = std::uniform_real_distribution(-100e-6, 100e-6)(random);
    path.step_at_ns =
        std::uniform_int_distribution<std::int64_t>(500'000'000, 9'500'000'000)(random);
    const auto size = std::uniform_int_distribution<std::int64_t>(400'000, 2'000'000'000)(random);
    path.step_ns = seed % 2 == 0 ? size : -size;
    const Alignment alignment = envelope_of(samples(path, seed));
    ASSERT_EQ(alignment.steps.size(), 1U) << seed;
    const ClockStep& step = alignment.steps[0];
    EXPECT_LE(std::abs(step.at_ns - begin - path.step_at_ns), step.within_ns) << seed;
    EXPECT_LT(step.within_ns, 100'000'000) << seed;
    EXPECT_LE(std::abs(step.size_ns - path.step_ns), step.error_ns) << seed;
    ASSERT_TRUE(alignment.error_ns) << seed;
    EXPECT_LT(*alignment.error_ns, 300'000) << seed;
    const std::int64_t margin = std::abs(step.at_ns - begin - path.step_at_ns) + step.within_ns;
    EXPECT_LE(error_between(alignment, path, 0, path.step_at_ns - margin), *alignment.error_ns)
        << seed;
    EXPECT_LE(error_between(alignment, path, path.step_at_ns + margin, path.duration_ns),
              *alignment.error_ns)
        << seed;
  }
}

TEST(Alignment, SeveralStepsAreToldApart) {
  Path first;
  first.step_at_ns = 3'000'000'000;
  first.step_ns = 5'000'000;
  auto all = samples(first, 7);
  for (ClockSample& s : all) {
    if (s.first_ns >= begin + 7'000'000'000) s.second_ns -= 20'000'000;
  }
  const Alignment alignment = envelope_of(all);
  ASSERT_EQ(alignment.steps.size(), 2U);
  EXPECT_NEAR(static_cast<double>(alignment.steps[0].size_ns), 5e6, 2e5);
  EXPECT_NEAR(static_cast<double>(alignment.steps[1].size_ns), -20e6, 2e5);
  EXPECT_EQ(alignment.pieces.size(), 3U);
}

TEST(Alignment, BurstsOfQueueingAreNoStep) {
  for (unsigned seed = 0; seed < 30; seed++) {
    Path path;
    auto all = samples(path, seed);
    for (ClockSample& s : all) {
      const std::int64_t since = s.first_ns - begin;
      if (since > 4'000'000'000 && since < 6'000'000'000) {
        if (s.towards_second) {
          s.second_ns += 30'000'000;
        } else {
          s.first_ns += 3'000'000;
        }
      }
    }
    const Alignment alignment = envelope_of(all);
    EXPECT_TRUE(alignment.steps.empty()) << seed;
    EXPECT_LE(error_between(alignment, path, 0, path.duration_ns), *alignment.error_ns) << seed;
  }
}

TEST(Alignment, APacketThatContradictsAllOthersIsLeftOut) {
  Path path;
  auto all = samples(path, 3);
  all[all.size() / 2].second_ns += all[all.size() / 2].towards_second ? -50'000'000 : 50'000'000;
  const Alignment alignment = envelope_of(all);
  EXPECT_TRUE(alignment.steps.empty());
  EXPECT_GE(alignment.outliers, 1U);
  EXPECT_LE(error_between(alignment, path, 0, path.duration_ns), *alignment.error_ns);
}

TEST(Alignment, OneDirectionStatesNoErrorOfItsOwn) {
  Path path;
  path.only_there = true;
  const Alignment alignment = envelope_of(samples(path, 5));
  EXPECT_FALSE(alignment.error_ns);
  EXPECT_TRUE(alignment.towards_second);
  EXPECT_FALSE(alignment.towards_first);
  // The envelope is the quickest packets': the way there on top of the offset.
  EXPECT_NEAR(static_cast<double>(alignment.offset_ns() - path.offset_ns), path.there_ns, 20'000);
}

TEST(Alignment, IntervalsGrowWithTheCapture) {
  Path path;
  path.duration_ns = 3'600'000'000'000;
  path.packets = 40000;
  path.offset_ns = 12'345;
  const Alignment alignment = envelope_of(samples(path, 11));
  EXPECT_TRUE(alignment.steps.empty());
  EXPECT_LE(error_between(alignment, path, 0, path.duration_ns), *alignment.error_ns);
  EXPECT_NEAR(alignment.drift_ppm(), 40, 0.01);
}

TEST(Alignment, LeastSquaresTakesOnlyPacketsAtRest) {
  Path path;
  path.there_queue_ns = path.back_queue_ns = 2'000;
  path.packets = 4000;
  auto all = samples(path, 2);
  AtRestAligner aligner;
  ClockSample burst;
  for (const ClockSample& s : all) {
    aligner.add(s);
    burst = s;
    // What follows at once waits for long and must not count.
    burst.second_ns += 40'000'000;
    burst.first_ns += 1'000;
    aligner.add(burst);
  }
  const auto alignment = aligner.fit(2);
  EXPECT_FALSE(AtRestAligner().fit(2));
  // Too busy to be at rest but for the first packet.
  EXPECT_FALSE(alignment);

  AtRestAligner quiet;
  path.packets = 200;
  all = samples(path, 2);
  for (const ClockSample& s : all) {
    quiet.add(s);
    burst = s;
    if (s.towards_second) burst.second_ns += 5'000'000;
    burst.first_ns += 1'000;
    quiet.add(burst);
  }
  const auto fitted = quiet.fit(2);
  ASSERT_TRUE(fitted);
  EXPECT_NEAR(fitted->drift_ppm(), 40, 1);
  EXPECT_LE(error_between(*fitted, path, 0, path.duration_ns), *fitted->error_ns);
}

TEST(Alignment, OffsetsConvertBothWaysAcrossAStep) {
  Path path;
  path.step_at_ns = 5'000'000'000;
  path.step_ns = 700'000'000;
  const Alignment alignment = envelope_of(samples(path, 9));
  for (const std::int64_t since : {1'000'000'000LL, 9'000'000'000LL}) {
    const auto there = alignment.offset_at(begin + since);
    ASSERT_TRUE(there);
    const auto back = alignment.offset_at_second(begin + since + *there);
    ASSERT_TRUE(back);
    EXPECT_NEAR(static_cast<double>(*there - *back), 0, 2);
  }
  EXPECT_FALSE(alignment.offset_at(alignment.steps.at(0).at_ns));
}

TEST(Alignment, NothingToAlignGivesNoNonsense) {
  const Alignment empty = EnvelopeAligner().fit(1);
  EXPECT_FALSE(empty.error_ns);
  EXPECT_EQ(empty.samples, 0U);
  EnvelopeAligner one;
  one.add({begin, begin + 5, true});
  EXPECT_FALSE(one.fit(1).error_ns);
}

TEST(Alignment, NamesOfMethods) {
  for (const AlignMethod method :
       {AlignMethod::envelope, AlignMethod::at_rest, AlignMethod::none, AlignMethod::shared}) {
    EXPECT_EQ(parse_align_method(align_method_name(method)), method);
  }
  EXPECT_THROW(parse_align_method("best"), UsageError);
}

}  // namespace
}  // namespace tscope
