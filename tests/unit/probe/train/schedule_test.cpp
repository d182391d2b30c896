// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/exponential.hpp>
#include <cmath>

#include "probe/train/random.hpp"
#include "tscope/probe/train.hpp"
#include "unit/file/capture_bytes.hpp"

namespace tscope {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::int64_t ms = 1'000'000;
constexpr double alpha = 0.001;  // seeds are fixed: a failure is a bug, not bad luck

std::vector<std::int64_t> times(const Schedule& schedule) {
  std::vector<std::int64_t> result;
  for (const PlannedProbe& probe : plan_train(schedule)) result.push_back(probe.at_ns);
  return result;
}

std::vector<double> gaps(const Schedule& schedule) {
  std::vector<double> result;
  std::int64_t before = 0;
  for (const std::int64_t at : times(schedule)) {
    result.push_back(static_cast<double>(at - before));
    before = at;
  }
  return result;
}

Schedule of(ScheduleKind kind, std::int64_t gap_ns, std::uint64_t count, std::uint64_t seed = 1) {
  Schedule schedule;
  schedule.kind = kind;
  schedule.gap_ns = gap_ns;
  schedule.count = count;
  schedule.seed = seed;
  return schedule;
}

// Distance of Kolmogorov and Smirnov, and its critical value for large n (Stephens 1970).
template <typename Distribution>
double ks_distance(std::vector<double> sample, const Distribution& distribution) {
  std::ranges::sort(sample);
  const auto n = static_cast<double>(sample.size());
  double distance = 0;
  for (std::size_t i = 0; i < sample.size(); i++) {
    const double p = cdf(distribution, sample[i]);
    distance =
        std::max({distance, p - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - p});
  }
  return distance;
}
double ks_critical(std::size_t count) {
  const double n = std::sqrt(static_cast<double>(count));
  return std::sqrt(-std::log(alpha / 2) / 2) / (n + 0.12 + 0.11 / n);
}

TEST(Schedule, PoissonGapsAreExponential) {
  for (const std::uint64_t seed : {1, 2, 3, 4, 5}) {
    const auto sample = gaps(of(ScheduleKind::poisson, ms, 20'000, seed));
    EXPECT_LT(ks_distance(sample, boost::math::exponential(1.0 / ms)), ks_critical(sample.size()));
  }
}

TEST(Schedule, TheTestOfPoissonCanFail) {
  const auto sample = gaps(of(ScheduleKind::poisson, ms, 20'000));
  EXPECT_GT(ks_distance(sample, boost::math::exponential(1.05 / ms)), ks_critical(sample.size()));
}

// Chi-square over 1, 2, ... slots with the tail as one cell.
double geometric_chi_square(const std::vector<double>& sample, double slot, double p,
                            std::size_t cells) {
  std::vector<double> seen(cells, 0);
  for (const double gap : sample) {
    const auto slots = static_cast<std::size_t>(std::llround(gap / slot));
    EXPECT_EQ(static_cast<double>(slots) * slot, gap) << "gaps are whole slots";
    seen[std::min(slots, cells) - 1]++;
  }
  double sum = 0, tail = 1;
  for (std::size_t i = 0; i < cells; i++) {
    const double expected = static_cast<double>(sample.size()) * (i + 1 == cells ? tail : tail * p);
    tail *= 1 - p;
    sum += (seen[i] - expected) * (seen[i] - expected) / expected;
  }
  return sum;
}

TEST(Schedule, GeometricGapsAreGeometric) {
  constexpr std::size_t cells = 30;
  const boost::math::chi_squared distribution(cells - 1);
  const double critical = quantile(complement(distribution, alpha));
  for (const std::uint64_t seed : {1, 2, 3, 4, 5}) {
    const auto sample = gaps(of(ScheduleKind::geometric, ms, 20'000, seed));
    EXPECT_LT(geometric_chi_square(sample, ms / 10, 0.1, cells), critical);
    EXPECT_GT(geometric_chi_square(sample, ms / 10, 0.105, cells), critical) << "it can fail";
  }
}

TEST(Schedule, GeometricTakesTwoOfThree) {
  Schedule schedule = of(ScheduleKind::geometric, ms, 10);
  schedule.slot_ns = ms / 4;
  for (const double gap : gaps(schedule)) EXPECT_EQ(std::fmod(gap, ms / 4), 0);
  schedule.probability = 0.5;
  EXPECT_THROW(plan_train(schedule), UsageError);
  schedule.gap_ns.reset();
  EXPECT_EQ(plan_train(schedule).size(), 10);
  schedule.probability = 1;
  EXPECT_EQ(gaps(schedule), std::vector<double>(10, ms / 4));
}

TEST(Schedule, SameSeedSamePlan) {
  for (const auto kind : {ScheduleKind::poisson, ScheduleKind::geometric}) {
    EXPECT_EQ(plan_train(of(kind, ms, 1000, 7)), plan_train(of(kind, ms, 1000, 7)));
    EXPECT_NE(plan_train(of(kind, ms, 1000, 7)), plan_train(of(kind, ms, 1000, 8)));
    const auto shorter = plan_train(of(kind, ms, 500, 7));
    const auto longer = plan_train(of(kind, ms, 1000, 7));
    EXPECT_TRUE(std::equal(shorter.begin(), shorter.end(), longer.begin()));
  }
}

// Whoever changes these breaks the promise that a seed is a plan.
TEST(Schedule, PlansAreKeptForEver) {
  EXPECT_THAT(times(of(ScheduleKind::poisson, ms, 4)),
              ElementsAre(2010836, 4002948, 4798760, 8660840));
  EXPECT_THAT(times(of(ScheduleKind::geometric, ms, 4)),
              ElementsAre(2000000, 3900000, 4700000, 8400000));
}

TEST(PortableLog, AgreesWithTheLibrary) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; i++) {
    const double x = (static_cast<double>(random() >> 11) + 1) * 0x1p-53;
    EXPECT_NEAR(portable_log(x), std::log(x), 4e-16 * std::max(1.0, std::abs(std::log(x))));
  }
  EXPECT_EQ(portable_log(1), 0);
  EXPECT_DOUBLE_EQ(portable_log(0x1p-53), std::log(0x1p-53));
}

TEST(Schedule, PeriodicPairsChirp) {
  EXPECT_THAT(times(of(ScheduleKind::periodic, 100, 4)), ElementsAre(0, 100, 200, 300));
  Schedule pairs = of(ScheduleKind::pairs, 1000, 4);
  pairs.pair_gap_ns = 7;
  EXPECT_THAT(times(pairs), ElementsAre(0, 7, 1000, 1007));
  Schedule chirp = of(ScheduleKind::chirp, 800, 7);
  chirp.chirp_ratio = 2;
  chirp.chirp_length = 4;
  EXPECT_THAT(times(chirp), ElementsAre(0, 800, 1200, 1400, 2200, 3000, 3400));
}

TEST(Schedule, DurationEndsIt) {
  Schedule schedule = of(ScheduleKind::periodic, 100, 1000);
  schedule.duration_ns = 300;
  EXPECT_THAT(times(schedule), ElementsAre(0, 100, 200));
  schedule.count.reset();
  EXPECT_THAT(times(schedule), ElementsAre(0, 100, 200));
  schedule.count = 2;
  EXPECT_THAT(times(schedule), ElementsAre(0, 100));
}

std::string refusal(const Schedule& schedule) {
  try {
    plan_train(schedule);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "taken";
}

TEST(Schedule, RefusesWhatCantBe) {
  const auto with = [](ScheduleKind kind, auto change) {
    Schedule schedule;
    schedule.kind = kind;
    change(schedule);
    return refusal(schedule);
  };
  using Kind = ScheduleKind;
  EXPECT_THAT(with(Kind::periodic, [](Schedule& s) { s.gap_ns = 0; }), HasSubstr("above 0"));
  EXPECT_THAT(with(Kind::poisson, [](Schedule& s) { s.gap_ns = -5; }), HasSubstr("above 0"));
  EXPECT_THAT(with(Kind::periodic, [](Schedule& s) { s.count = 0; }), HasSubstr("1 to 4000000"));
  EXPECT_THAT(with(Kind::periodic, [](Schedule& s) { s.count = 4'000'001; }),
              HasSubstr("1 to 4000000"));
  EXPECT_THAT(with(Kind::periodic, [](Schedule& s) { s.count = ~0ULL; }),
              HasSubstr("1 to 4000000"));
  EXPECT_THAT(with(Kind::periodic, [](Schedule& s) { s.size = 43; }), HasSubstr("44 to 65507"));
  EXPECT_THAT(with(Kind::periodic, [](Schedule& s) { s.size = 65508; }), HasSubstr("44 to 65507"));
  EXPECT_THAT(with(Kind::periodic, [](Schedule& s) { s.slot_ns = 5; }), HasSubstr("--slot"));
  EXPECT_THAT(with(Kind::periodic, [](Schedule& s) { s.gap_ns = 3600'000 * ms; }),
              HasSubstr("7 days"));
  EXPECT_THAT(with(Kind::periodic, [](Schedule& s) { s.gap_ns = INT64_MAX / 2; }),
              HasSubstr("7 days"));
  EXPECT_THAT(with(Kind::poisson, [](Schedule& s) { s.gap_ns = INT64_MAX; }), HasSubstr("7 days"));
  EXPECT_THAT(with(Kind::periodic,
                   [](Schedule& s) {
                     s.gap_ns = 1;
                     s.duration_ns = 1000 * ms;
                   }),
              HasSubstr("more than 4000000"));
  EXPECT_THAT(with(Kind::poisson,
                   [](Schedule& s) {
                     s.gap_ns = 1000 * ms;
                     s.duration_ns = 1;
                   }),
              HasSubstr("no probe"));
  EXPECT_THAT(with(Kind::geometric, [](Schedule& s) { s.probability = 0; }), HasSubstr("above 0"));
  EXPECT_THAT(with(Kind::geometric, [](Schedule& s) { s.probability = NAN; }),
              HasSubstr("above 0"));
  EXPECT_THAT(with(Kind::geometric, [](Schedule& s) { s.slot_ns = 2 * ms; }), HasSubstr("gap"));
  EXPECT_THAT(with(Kind::geometric, [](Schedule& s) { s.slot_ns = -1; }), HasSubstr("above 0"));
  EXPECT_THAT(with(Kind::pairs, [](Schedule& s) { s.count = 3; }), HasSubstr("even"));
  EXPECT_THAT(with(Kind::pairs, [](Schedule& s) { s.pair_gap_ns = ms; }), HasSubstr("overlap"));
  EXPECT_THAT(with(Kind::pairs, [](Schedule& s) { s.pair_gap_ns = 0; }), HasSubstr("above 0"));
  EXPECT_THAT(with(Kind::chirp, [](Schedule& s) { s.chirp_ratio = 1; }), HasSubstr("above 1"));
  EXPECT_THAT(with(Kind::chirp, [](Schedule& s) { s.chirp_ratio = NAN; }), HasSubstr("above 1"));
  EXPECT_THAT(with(Kind::chirp, [](Schedule& s) { s.chirp_length = 2; }), HasSubstr("3 to"));
  EXPECT_THAT(with(Kind::chirp, [](Schedule& s) { s.gap_ns = 3; }), HasSubstr("below 1 ns"));
  EXPECT_THAT(with(Kind::file, [](Schedule&) {}), HasSubstr("--times"));
  EXPECT_THROW(parse_schedule("often"), UsageError);
  EXPECT_EQ(parse_schedule("chirp"), ScheduleKind::chirp);
}

std::string told(const std::string& text) {
  const test::MemoryFile file({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  Schedule schedule;
  schedule.kind = ScheduleKind::file;
  schedule.times_path = file.path();
  try {
    std::string result;
    for (const PlannedProbe& probe : plan_train(schedule)) {
      result += std::to_string(probe.at_ns) + ":" + std::to_string(probe.size) + " ";
    }
    return result;
  } catch (const UsageError& error) {
    return error.what();
  }
}

TEST(TimesFile, Reads) {
  EXPECT_EQ(told("# times\n0\n0.5 100\n\n 1.000000001\t60 # end\n2."),
            "0:44 500000000:100 1000000001:60 2000000000:44 ");
  EXPECT_EQ(told("0.0000000019\n"), "1:44 ");
}

TEST(TimesFile, Refuses) {
  EXPECT_THAT(told("0\n0.1\n0.1\n"), HasSubstr("line 3: 0.1 is not later"));
  EXPECT_THAT(told("0\n0.2\n0.1\n"), HasSubstr("line 3: 0.1 is not later"));
  EXPECT_THAT(told("-1\n"), HasSubstr("line 1: '-1' is no time"));
  for (const char* text : {"1e-3", "nan", "inf", "0x1", ".", "1.2.3", "now", "9999999999"}) {
    EXPECT_THAT(told(text), HasSubstr("is no time")) << text;
  }
  EXPECT_THAT(told("604801\n"), HasSubstr("7 days"));
  EXPECT_THAT(told("0 43\n"), HasSubstr("no size"));
  EXPECT_THAT(told("0 -44\n"), HasSubstr("no size"));
  EXPECT_THAT(told("0 44 44\n"), HasSubstr("more than"));
  EXPECT_THAT(told(std::string(1000, '1')), HasSubstr("too long"));
  EXPECT_THAT(told(""), HasSubstr("no time that fits"));
  EXPECT_THROW(read_times("/none/such", 44), Error);
  EXPECT_THROW(read_times("/", 44), Error);
}

}  // namespace
}  // namespace tscope
