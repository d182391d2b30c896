// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "align/at_rest.hpp"
#include "unit/align/path.hpp"
#include "unit/base/coverage.hpp"

// What an alignment states of its own error, against clocks that are known.
namespace tscope {
namespace {

using test::begin;
using test::Coverage;
using test::envelope_of;
using test::error_between;
using test::Path;
using test::samples;

/// A path of any drift, any asymmetry and any queueing, with few packets or many.
Path any_path(std::mt19937& random) {
  const auto between = [&](double low, double high) {
    return std::uniform_real_distribution(low, high)(random);
  };
  Path path;
  path.offset_ns = static_cast<std::int64_t>(between(-1e15, 1e15));
  path.drift = between(-200e-6, 200e-6);
  path.there_ns = std::exp(between(5, 14));  // 150 ns to 1.2 ms
  path.back_ns = std::exp(between(5, 14));
  path.there_queue_ns = std::exp(between(5, 15));
  path.back_queue_ns = std::exp(between(5, 15));
  path.packets = static_cast<int>(std::exp(between(3, 7)));
  path.duration_ns = static_cast<std::int64_t>(std::exp(between(18, 23)));  // 65 ms to 10 s
  return path;
}

TEST(AlignmentBounds, OfTheEnvelopesOffsetAndDrift) {
  Coverage offset("offset"), drift("drift");
  for (unsigned seed = 0; seed < Coverage::runs; seed++) {
    std::mt19937 random(seed);
    const Path path = any_path(random);
    const auto all = samples(path, seed);
    const Alignment alignment = envelope_of(all);
    if (alignment.error_ns) {
      const auto [first, last] = std::ranges::minmax(all, {}, &ClockSample::first_ns);
      const auto worst =
          error_between(alignment, path, first.first_ns - begin, last.first_ns - begin);
      offset.add(worst <= *alignment.error_ns);
    }
    if (const auto error = alignment.drift_error_ppm()) {
      drift.add(std::abs(alignment.drift_ppm() - path.drift * 1e6) <= *error);
    }
  }
  offset.expect_bound();
  drift.expect_bound();
}

TEST(AlignmentBounds, OfAStepsSizeAndTime) {
  Coverage size("size"), when("when"), offset("offset");
  for (unsigned seed = 0; seed < Coverage::runs; seed++) {
    std::mt19937 random(seed);
    Path path;
    path.duration_ns = 1'000'000'000;
    path.packets = 800;
    path.drift = std::uniform_real_distribution(-100e-6, 100e-6)(random);
    path.step_at_ns = std::uniform_int_distribution<std::int64_t>(50'000'000, 950'000'000)(random);
    const auto jump = std::uniform_int_distribution<std::int64_t>(100'000, 2'000'000)(random);
    path.step_ns = seed % 2 == 0 ? jump : -jump;
    const Alignment alignment = envelope_of(samples(path, seed));
    if (alignment.steps.size() != 1) continue;
    const ClockStep& step = alignment.steps[0];
    size.add(std::abs(step.size_ns - path.step_ns) <= step.error_ns);
    when.add(std::abs(step.at_ns - begin - path.step_at_ns) <= step.within_ns);
    const std::int64_t margin = step.within_ns + 1;
    const std::int64_t at = step.at_ns - begin;
    const auto worst = std::max(error_between(alignment, path, 0, at - margin),
                                error_between(alignment, path, at + margin, path.duration_ns));
    offset.add(worst <= alignment.error_ns.value_or(INT64_MAX));
  }
  size.expect_bound();
  when.expect_bound();
  offset.expect_bound();
}

TEST(AlignmentBounds, OfPacketsAtRest) {
  Coverage offset("offset"), drift("drift");
  for (unsigned seed = 0; seed < Coverage::runs; seed++) {
    std::mt19937 random(seed);
    Path path = any_path(random);
    path.duration_ns = 10'000'000'000;
    path.packets = std::uniform_int_distribution(20, 200)(random);
    AtRestAligner aligner;
    for (const ClockSample& s : samples(path, seed)) aligner.add(s);
    const auto alignment = aligner.fit(2);
    if (!alignment) continue;
    if (alignment->error_ns) {
      offset.add(error_between(*alignment, path, 0, path.duration_ns) <= *alignment->error_ns);
    }
    if (const auto error = alignment->drift_error_ppm()) {
      drift.add(std::abs(alignment->drift_ppm() - path.drift * 1e6) <= *error);
    }
  }
  offset.expect_bound();
  drift.expect_interval();
}

}  // namespace
}  // namespace tscope
