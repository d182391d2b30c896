// SPDX-License-Identifier: MIT
#include "analysis/acks/withheld.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "analysis/acks/verdict_thresholds.hpp"
#include "base/part.hpp"
#include "tscope/base/units.hpp"

namespace tscope {

namespace {

using namespace ack_verdict;

using Reason = std::optional<Withheld>;

// Vantage points with enough gaps for a word.
std::vector<const AckDistribution*> judged(const AckFlow& flow) {
  std::vector<const AckDistribution*> points;
  for (const AckDistribution& d : flow.vantage_points) {
    if (d.judged >= gaps_to_judge) points.push_back(&d);
  }
  return points;
}

// Of a file without times there are no gaps, which says less than why.
Reason no_times(const AckFlow&, const AckReport& report) {
  const Census& census = report.census;
  if (census.without_time == 0 || census.without_time * 2 < census.packets) return {};
  return Withheld{"no-times", fmt::format("the file has no times: {} of its {} packets have none",
                                          census.without_time, census.packets)};
}

Reason times_go_back(const AckFlow&, const AckReport& report) {
  const Census& census = report.census;
  if (part(census.back_in_time, census.packets) < back_to_withhold) return {};
  return Withheld{"times-go-back", fmt::format("{} of {} packets go back in time, by {} at most",
                                               census.back_in_time, census.packets,
                                               format_duration(census.back_max_ns))};
}

Reason snap_length(const AckFlow&, const AckReport& report) {
  const Census& census = report.census;
  const std::uint64_t cut = census.skipped(SkipReason::ack_cut_off);
  if (part(cut, census.packets) < cut_to_withhold) return {};
  return Withheld{"snap-length", snap_length_text(census)};
}

Reason too_few_gaps(const AckFlow& flow, const AckReport&) {
  std::uint64_t most = 0;
  for (const AckDistribution& d : flow.vantage_points) most = std::max(most, d.judged);
  if (most >= gaps_to_judge) return {};
  return Withheld{"too-few-gaps",
                  fmt::format("there are too few gaps between ACKs of new data to judge ({}; {} "
                              "are needed)",
                              most, gaps_to_judge)};
}

Reason no_rate(const AckFlow& flow, const AckReport&) {
  if (flow.vantage_points.empty() || flow.vantage_points.front().rate_bps > 0) return {};
  return Withheld{"no-rate", fmt::format("the bottleneck's rate is unknown ({}); give it with "
                                         "--link-rate",
                                         flow.why_no_rate)};
}

// Without a rate the longer gaps tell: the shorter ones may be of a burst.
Reason coarse_clock(const AckFlow& flow, const AckReport& report) {
  const std::int64_t step = report.clock.resolution_ns;
  for (const AckDistribution* d : judged(flow)) {
    const bool known = d->rate_bps > 0;
    const std::int64_t needs = known ? d->service_time_ns : d->p90_ns;
    if (step * steps_in_service_time <= needs) continue;
    return Withheld{
        "coarse-clock",
        fmt::format("the times are in steps of {}, too coarse for {} {}", format_duration(step),
                    known ? "ACKs whose data the bottleneck carries in"
                          : "gaps of which nine in ten are at most",
                    format_duration(needs))};
  }
  return {};
}

Reason too_much_delivered(const AckFlow& flow, const AckReport&) {
  for (const AckDistribution* d : judged(flow)) {
    if (d->excess < excess_from) continue;
    return Withheld{"above-rate",
                    fmt::format("the ACKs delivered {:.0f} % more than {} over a second: the rate "
                                "is wrong, or a token bucket's burst let them",
                                100 * d->excess, format_rate(d->rate_bps))};
  }
  return {};
}

// Behind a bucket's burst ACKs come close together with the shortest round trips.
Reason burst(const AckFlow& flow, const AckReport&) {
  const AckDistribution* worst = nullptr;
  double most = 0, held = 0;
  for (const AckDistribution* d : judged(flow)) {
    held =
        std::max(held, part(d->compressed - std::min(d->compressed, d->not_held_back), d->judged));
    if (d->compressed_share < most) continue;
    most = d->compressed_share;
    worst = d;
  }
  if (worst == nullptr || degree(most) == degree(held)) return {};
  return Withheld{
      "burst",
      fmt::format("of {:.1f} % of the gaps that are short, {:.1f} % end at ACKs that were not held "
                  "back: the bottleneck let their data through faster than {}, as a token bucket's "
                  "burst does",
                  100 * most, 100 * part(worst->not_held_back, worst->judged),
                  format_rate(worst->rate_bps))};
}

Reason hangs_on_the_cut(const AckFlow& flow, const AckReport&) {
  double low = 0, high = 0;
  for (const AckDistribution* d : judged(flow)) {
    low = std::max(low, d->share_at_065);
    high = std::max(high, d->share_at_085);
  }
  if (degree(low) == degree(high)) return {};
  return Withheld{
      "hangs-on-the-cut",
      fmt::format("it depends on where the line is drawn: {:.1f} % of the gaps are below 0.65 of "
                  "their service time ({}), {:.1f} % below 0.85 ({})",
                  100 * low, degree(low), 100 * high, degree(high)),
      low >= partly_from};
}

// A new reason is a function of this kind and a line here. What a reason tells of the file stands
// in AckReport, which AckAnalysis::finish() fills from the source.
constexpr Reason (*checks[])(const AckFlow&, const AckReport&) = {
    times_go_back, snap_length, coarse_clock, too_much_delivered, burst, hangs_on_the_cut, no_rate,
};

}  // namespace

std::string_view degree(double share) {
  if (share >= strongly_from) return "strongly compressed";
  return share >= partly_from ? "partly compressed" : "not compressed";
}

std::vector<Withheld> reasons_to_withhold(const AckFlow& flow, const AckReport& report) {
  if (Reason none = no_times(flow, report)) return {std::move(*none)};
  // Without gaps nothing else can be said of them.
  if (Reason few = too_few_gaps(flow, report)) return {std::move(*few)};
  std::vector<Withheld> reasons;
  for (const auto check : checks) {
    if (Reason reason = check(flow, report)) reasons.push_back(std::move(*reason));
  }
  return reasons;
}

bool only_degree_unknown(const std::vector<Withheld>& reasons) {
  return !reasons.empty() && std::ranges::all_of(reasons, &Withheld::only_degree);
}

std::string withheld_text(const std::vector<Withheld>& reasons) {
  std::string text;
  for (const Withheld& reason : reasons) text += (text.empty() ? "" : "; ") + reason.why;
  return text;
}

}  // namespace tscope
