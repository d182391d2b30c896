// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "analysis/replies/dispersion.hpp"
#include "unit/analysis/replies/reply_path.hpp"
#include "unit/base/coverage.hpp"

// What a train's report states of its own errors, and what it says is "at least".
namespace tscope {
namespace {

using test::Coverage;
using test::SyntheticPath;

class AnyNumber {
 public:
  explicit AnyNumber(unsigned seed) : random_(seed) {}
  double between(double low, double high) {
    return std::uniform_real_distribution(low, high)(random_);
  }
  std::int64_t about(double low, double high) {
    return static_cast<std::int64_t>(std::exp(between(std::log(low), std::log(high))));
  }

 private:
  std::mt19937_64 random_;
};

TEST(ReplyBounds, OfTheReflectorsClockAndOfOneWayDelays) {
  Coverage offset("offset"), drift("drift"), there("there"), back("back");
  for (unsigned seed = 0; seed < Coverage::runs; seed++) {
    AnyNumber any(seed);
    SyntheticPath path;
    path.seed = seed;
    path.count = static_cast<std::uint32_t>(any.about(10, 400));
    path.gap_ns = any.about(100e3, 20e6);
    path.offset_ns = static_cast<std::int64_t>(any.between(-1e13, 1e13));
    path.drift = any.between(-200e-6, 200e-6);
    path.there_ns = any.about(2e3, 5e6);
    path.back_ns = any.about(2e3, 5e6);
    path.noise_ns = any.about(100, 3e6);
    path.run();
    const ReplyReport report = path.report();
    const Alignment& a = report.alignment;
    if (!a.error_ns) continue;
    const auto error = static_cast<double>(*a.error_ns);
    const auto since = static_cast<double>(a.pieces.front().from_ns - path.start_ns);
    const double truth = static_cast<double>(path.offset_ns) + path.drift * since;
    offset.add(std::abs(static_cast<double>(a.offset_ns()) - truth) <= error);
    if (a.drift_error_ppm()) {
      drift.add(std::abs(a.drift_ppm() - path.drift * 1e6) <= *a.drift_error_ppm());
    }
    // The least and the largest delay bound all others.
    const auto holds = [&](const ReplyPath& way, std::int64_t least) {
      return static_cast<double>(way.delay.min) >= static_cast<double>(least) - error &&
             static_cast<double>(way.delay.max) <=
                 static_cast<double>(least + path.noise_ns) + error;
    };
    there.add(holds(report.forward, path.there_ns));
    back.add(holds(report.backward, path.back_ns));
  }
  offset.expect_bound();
  drift.expect_held();
  there.expect_bound();
  back.expect_bound();
}

constexpr std::uint32_t payload = 1000, ip_bytes = payload + 28;

// A link in the way there serves one probe after the other; each may wait a little besides.
Dispersion through_link(SyntheticPath& path, double bps, ProbeGroup group, std::uint32_t size) {
  const auto free_at = std::make_shared<std::int64_t>(INT64_MIN);
  const auto service = std::llround(ip_bytes * 8e9 / bps);
  path.extra_there = [sent_at = path.sent_at, free_at, service](std::uint32_t i) {
    const std::int64_t arrives = sent_at(i), begins = std::max(arrives, *free_at);
    *free_at = begins + service;
    return *free_at - arrives;
  };
  path.run();
  for (SentProbe& probe : path.sent) probe.size = payload;
  ReplyOptions options;
  options.group = group;
  options.group_size = size;
  return path.report(options).dispersion;
}

TEST(ReplyBounds, CapacityIsAtLeastWhatIsSaid) {
  Coverage capacity("capacity_at_least");
  for (unsigned seed = 0; seed < Coverage::runs; seed++) {
    AnyNumber any(seed);
    SyntheticPath path;
    path.seed = seed;
    path.count = 40;
    const std::int64_t gap = any.about(20e3, 2e6);
    path.sent_at = [gap](std::uint32_t i) {
      return std::int64_t{i / 2} * 10'000'000 + (i % 2) * gap;
    };
    path.noise_ns = any.about(2, 200);
    const double bps = any.between(0.5, 10) * ip_bytes * 8e9 / static_cast<double>(gap);
    const Dispersion d = through_link(path, bps, ProbeGroup::pairs, 2);
    if (d.capacity_is_bound)
      capacity.add(d.sent_rate_bps * std::min(1.0, d.rate_ratio_p50) <= bps * 1.005);
  }
  capacity.expect_bound();
}

TEST(ReplyBounds, AvailableIsAtLeastWhatIsSaid) {
  constexpr std::uint32_t size = 16;
  Coverage available("available_at_least");
  for (unsigned seed = 0; seed < Coverage::runs; seed++) {
    AnyNumber any(seed);
    SyntheticPath path;
    path.seed = seed;
    path.count = 10 * size;
    path.sent_at = [](std::uint32_t i) {
      const std::uint32_t chirp = i / size;
      double at = chirp * 50e6;
      for (std::uint32_t k = 0; k < i % size; k++) at += 1e6 / std::pow(1.2, k);
      return static_cast<std::int64_t>(at);
    };
    path.noise_ns = any.about(2, 200);
    const double bps = any.between(60e6, 1000e6);
    const Dispersion d = through_link(path, bps, ProbeGroup::chirp, size);
    if (d.available_is_bound) available.add(d.available_bps <= bps * 1.005);
  }
  available.expect_bound();
}

}  // namespace
}  // namespace tscope
