// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "probe/train/random.hpp"
#include "tscope/base/error.hpp"
#include "tscope/base/units.hpp"
#include "tscope/probe/train.hpp"

namespace tscope {

namespace {

constexpr std::int64_t default_gap_ns = 1'000'000;
constexpr std::int64_t default_pair_gap_ns = 10'000;
constexpr std::uint64_t default_count = 1000;
constexpr double default_probability = 0.1;
constexpr double default_chirp_ratio = 1.2;
constexpr std::uint32_t chirp_length_max = 10'000;

struct KindName {
  ScheduleKind kind;
  std::string_view name;
};
constexpr std::array kinds{
    KindName{ScheduleKind::periodic, "periodic"},   KindName{ScheduleKind::poisson, "poisson"},
    KindName{ScheduleKind::geometric, "geometric"}, KindName{ScheduleKind::pairs, "pairs"},
    KindName{ScheduleKind::chirp, "chirp"},         KindName{ScheduleKind::file, "file"}};

std::int64_t positive(const std::optional<std::int64_t>& given, std::int64_t otherwise,
                      const char* what) {
  const std::int64_t value = given.value_or(otherwise);
  if (value <= 0) {
    throw UsageError(fmt::format("a {} of {} ns can't be: give one above 0", what, value));
  }
  return value;
}

void refuse_useless(bool given, const char* option, ScheduleKind kind) {
  if (!given) return;
  throw UsageError(
      fmt::format("{} means nothing to a {} schedule; leave it out", option, schedule_name(kind)));
}

void check(const Schedule& schedule) {
  const ScheduleKind kind = schedule.kind;
  if (kind != ScheduleKind::geometric) {
    refuse_useless(schedule.slot_ns.has_value(), "--slot", kind);
    refuse_useless(schedule.probability.has_value(), "--probability", kind);
  }
  if (kind != ScheduleKind::pairs) {
    refuse_useless(schedule.pair_gap_ns.has_value(), "--pair-gap", kind);
  }
  if (kind != ScheduleKind::chirp) {
    refuse_useless(schedule.chirp_ratio.has_value(), "--chirp-ratio", kind);
    refuse_useless(schedule.chirp_length.has_value(), "--chirp-length", kind);
  }
  if (kind != ScheduleKind::file) {
    refuse_useless(!schedule.times_path.empty(), "--times", kind);
  } else {
    refuse_useless(schedule.gap_ns.has_value(), "--gap", kind);
    if (schedule.times_path.empty()) {
      throw UsageError("a schedule from a file needs --times FILE");
    }
  }
  if (schedule.size < probe_size_min || schedule.size > probe_size_max) {
    throw UsageError(fmt::format("a probe of {} bytes can't be: give {} to {}", schedule.size,
                                 probe_size_min, probe_size_max));
  }
  if (schedule.count && (*schedule.count == 0 || *schedule.count > train_probes_max)) {
    throw UsageError(fmt::format("a train of {} probes can't be: give 1 to {}", *schedule.count,
                                 train_probes_max));
  }
  if (schedule.duration_ns &&
      (*schedule.duration_ns <= 0 || *schedule.duration_ns > train_duration_max_ns)) {
    throw UsageError("a train's duration is above 0 and at most 7 days; give another --duration");
  }
}

// The next time, given the index and the time before (-1: none).
using NextTime = std::function<std::int64_t(std::uint64_t, std::int64_t)>;

// A gap in whole ns; one too long to be added up becomes one that ends any train.
std::int64_t whole_ns(double ns) {
  constexpr auto most = static_cast<double>(train_duration_max_ns);
  return std::max<std::int64_t>(1, std::llround(std::min(ns, 2 * most)));
}

NextTime periodic(const Schedule& schedule) {
  const std::int64_t gap = positive(schedule.gap_ns, default_gap_ns, "gap");
  return [gap](std::uint64_t, std::int64_t before) { return before < 0 ? 0 : before + gap; };
}

NextTime poisson(const Schedule& schedule) {
  const auto mean = static_cast<double>(positive(schedule.gap_ns, default_gap_ns, "gap"));
  return [mean, source = GapSource(schedule.seed)](std::uint64_t, std::int64_t before) mutable {
    return std::max<std::int64_t>(before, 0) + whole_ns(source.exponential(mean));
  };
}

NextTime geometric(const Schedule& schedule) {
  if (schedule.gap_ns && schedule.slot_ns && schedule.probability) {
    throw UsageError("--gap follows from --slot and --probability; give two of the three");
  }
  const auto gap = static_cast<double>(positive(schedule.gap_ns, default_gap_ns, "gap"));
  double probability = schedule.probability.value_or(default_probability);
  if (!schedule.probability && schedule.slot_ns) {
    probability = static_cast<double>(*schedule.slot_ns) / gap;
  }
  if (!(probability > 0 && probability <= 1)) {
    throw UsageError(
        fmt::format("a probability of {:g} for each slot can't be: give one above 0 and at most 1, "
                    "and no slot longer than the gap",
                    probability));
  }
  const std::int64_t slot = positive(schedule.slot_ns, std::llround(gap * probability), "slot");
  return [=, source = GapSource(schedule.seed)](std::uint64_t, std::int64_t before) mutable {
    const double slots = source.geometric(probability);
    const double most =
        2.0 * static_cast<double>(train_duration_max_ns) / static_cast<double>(slot);
    return std::max<std::int64_t>(before, 0) +
           slot * std::llround(std::max(1.0, std::min(slots, most)));
  };
}

NextTime pairs(const Schedule& schedule) {
  const std::int64_t gap = positive(schedule.gap_ns, default_gap_ns, "gap");
  const std::int64_t inside = positive(schedule.pair_gap_ns, default_pair_gap_ns, "pair gap");
  if (inside >= gap) {
    throw UsageError(fmt::format("pairs {} apart overlap with {} inside: give a smaller --pair-gap",
                                 format_duration(gap), format_duration(inside)));
  }
  if (schedule.count && *schedule.count % 2 != 0) {
    throw UsageError(fmt::format("{} probes are no pairs; give an even --count", *schedule.count));
  }
  return [=](std::uint64_t index, std::int64_t before) {
    if (before < 0) return std::int64_t{0};
    return before + (index % 2 == 1 ? inside : gap - inside);
  };
}

NextTime chirp(const Schedule& schedule) {
  const std::int64_t gap = positive(schedule.gap_ns, default_gap_ns, "gap");
  const double ratio = schedule.chirp_ratio.value_or(default_chirp_ratio);
  const std::uint32_t length = schedule.chirp_length.value_or(default_chirp_length);
  if (!(ratio > 1 && ratio <= 1000)) {
    throw UsageError(fmt::format("a chirp ratio of {:g} can't be: give one above 1", ratio));
  }
  if (length < 3 || length > chirp_length_max) {
    throw UsageError(
        fmt::format("a chirp of {} probes can't be: give 3 to {}", length, chirp_length_max));
  }
  std::vector<std::int64_t> gaps{gap};  // in front of each probe of a chirp
  double exact = static_cast<double>(gap);
  for (std::uint32_t i = 1; i < length; i++, exact /= ratio) {
    if (exact < 1) {
      throw UsageError(
          "the chirp's last gaps are below 1 ns: give a larger --gap, a smaller "
          "--chirp-ratio or a smaller --chirp-length");
    }
    gaps.push_back(std::llround(exact));
  }
  return [gaps](std::uint64_t index, std::int64_t before) {
    return before < 0 ? 0 : before + gaps[index % gaps.size()];
  };
}

NextTime generator(const Schedule& schedule) {
  switch (schedule.kind) {
    case ScheduleKind::poisson:
      return poisson(schedule);
    case ScheduleKind::geometric:
      return geometric(schedule);
    case ScheduleKind::pairs:
      return pairs(schedule);
    case ScheduleKind::chirp:
      return chirp(schedule);
    default:
      return periodic(schedule);
  }
}

std::vector<PlannedProbe> from_file(const Schedule& schedule) {
  auto plan = read_times(schedule.times_path, schedule.size);
  if (schedule.count && plan.size() > *schedule.count) plan.resize(*schedule.count);
  if (schedule.duration_ns) {
    std::erase_if(plan, [&](const PlannedProbe& p) { return p.at_ns >= *schedule.duration_ns; });
  }
  return plan;
}

}  // namespace

std::string_view schedule_name(ScheduleKind kind) {
  return std::ranges::find(kinds, kind, &KindName::kind)->name;
}

ScheduleKind parse_schedule(std::string_view name) {
  const auto found = std::ranges::find(kinds, name, &KindName::name);
  if (found != kinds.end()) return found->kind;
  throw UsageError(fmt::format(
      "'{}' is no schedule; give periodic, poisson, geometric, pairs, chirp or file", name));
}

std::vector<PlannedProbe> plan_train(const Schedule& schedule) {
  check(schedule);
  if (schedule.kind == ScheduleKind::file) {
    auto plan = from_file(schedule);
    if (plan.empty()) {
      throw UsageError(
          fmt::format("{} has no time that fits; give other times", schedule.times_path));
    }
    return plan;
  }
  const NextTime next = generator(schedule);
  const std::uint64_t count =
      schedule.count.value_or(schedule.duration_ns ? train_probes_max + 1 : default_count);
  const std::int64_t end = schedule.duration_ns.value_or(train_duration_max_ns);
  std::vector<PlannedProbe> plan;
  if (schedule.count) plan.reserve(count);
  std::int64_t before = -1;
  for (std::uint64_t i = 0; i < count; i++) {
    const std::int64_t at = next(i, before);
    if (at >= end) {
      if (schedule.duration_ns) break;
      throw UsageError("the train would last longer than 7 days; give a smaller --gap or --count");
    }
    if (i == train_probes_max) {
      throw UsageError(fmt::format("the duration holds more than {} probes; give a larger --gap",
                                   train_probes_max));
    }
    plan.push_back({at, schedule.size});
    before = at;
  }
  if (plan.empty()) {
    throw UsageError("no probe is due within the duration; give a longer --duration");
  }
  return plan;
}

}  // namespace tscope
