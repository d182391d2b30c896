// SPDX-License-Identifier: MIT
#include "analysis/acks/withheld.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "analysis/acks/verdict_thresholds.hpp"
#include "tscope/base/units.hpp"

namespace tscope {

namespace {

using namespace ack_verdict;

using Reason = std::optional<Withheld>;

Reason too_few_gaps(const AckFlow& flow, const AckReport&) {
  std::uint64_t most = 0;
  for (const AckDistribution& d : flow.vantage_points) most = std::max(most, d.gaps);
  if (most >= gaps_to_judge) return {};
  return Withheld{"too-few-gaps", fmt::format("there are too few gaps to judge ({}; {} are needed)",
                                              most, gaps_to_judge)};
}

Reason no_segment_time(const AckFlow& flow, const AckReport&) {
  if (flow.vantage_points.empty() || flow.vantage_points.front().segment_time_ns > 0) return {};
  return Withheld{"no-segment-time",
                  "the gaps show no clear segment time; give the bottleneck's rate with "
                  "--link-rate"};
}

Reason coarse_clock(const AckFlow& flow, const AckReport& report) {
  if (flow.vantage_points.empty()) return {};
  const std::int64_t segment_time = flow.vantage_points.front().segment_time_ns;
  const std::int64_t step = report.clock.resolution_ns;
  if (segment_time == 0 || step * steps_in_segment_time <= segment_time) return {};
  return Withheld{"coarse-clock",
                  fmt::format("the times are in steps of {}, too coarse for a segment time of {}",
                              format_duration(step), format_duration(segment_time))};
}

// A new reason is a function of this kind and a line here. What a reason tells of the file stands
// in AckReport, which AckAnalysis::finish() fills from the source.
constexpr Reason (*checks[])(const AckFlow&, const AckReport&) = {
    coarse_clock,
    no_segment_time,
};

}  // namespace

std::vector<Withheld> reasons_to_withhold(const AckFlow& flow, const AckReport& report) {
  // Without gaps nothing else can be said of them.
  if (Reason few = too_few_gaps(flow, report)) return {std::move(*few)};
  std::vector<Withheld> reasons;
  for (const auto check : checks) {
    if (Reason reason = check(flow, report)) reasons.push_back(std::move(*reason));
  }
  return reasons;
}

std::string withheld_text(const std::vector<Withheld>& reasons) {
  std::string text;
  for (const Withheld& reason : reasons) text += (text.empty() ? "" : "; ") + reason.why;
  return text;
}

}  // namespace tscope
