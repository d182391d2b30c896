// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "analysis/acks/verdict_thresholds.hpp"
#include "base/part.hpp"
#include "tscope/analysis/acks_between_report.hpp"
#include "tscope/base/units.hpp"

namespace tscope {

namespace {

using namespace ack_verdict;

std::string shares(const AcksBetween& pair) {
  return fmt::format(
      "{:.1f} % of {} gaps are shorter than one segment time of {} at the first "
      "capture and {:.1f} % at the second",
      100 * pair.share_first, pair.gaps, format_duration(pair.segment_time_ns),
      100 * pair.share_second);
}

std::string stage(const AcksBetween& pair) {
  if (!pair.origin || pair.origin->events == 0) return "";
  const CompressionOrigin& o = *pair.origin;
  const auto most = std::max({o.between, o.one_poll, o.in_kernel});
  if (part(most, o.events) < mostly_from) return "";
  const std::string where = most == o.in_kernel  ? "between the driver and the socket"
                            : most == o.one_poll ? "before the driver, in batches of one NAPI poll"
                                                 : "before the driver, over several NAPI polls";
  return fmt::format("; {} of {} compression events arose {}", most, o.events, where);
}

}  // namespace

std::string acks_between_verdict(const AcksBetween& pair, const AcksBetweenReport& report) {
  if (pair.gaps < gaps_to_judge) {
    return fmt::format("Too few gaps of matched ACKs to judge ({}; {} are needed).", pair.gaps,
                       gaps_to_judge);
  }
  const double in_events = part(pair.xi.acks, pair.matched);
  const std::string events =
      fmt::format("{:.1f} % of the ACKs stand in compression events (xi < 0.75)", 100 * in_events);
  std::string text;
  if (pair.segment_time_ns == 0) {
    text = fmt::format(
        "{} between the two captures: {}; the segment time is unknown, give "
        "--link-rate",
        in_events >= events_from ? "ACKs were compressed" : "Few ACKs were compressed", events);
    text += stage(pair);
  } else {
    const double rise = pair.share_second - pair.share_first;
    const bool mildly =
        rise >= mildly_from && pair.share_second >= mildly_ratio_from * pair.share_first;
    if (rise >= grown_from || mildly) {
      const char* degree = pair.share_second >= strongly_from ? "strongly "
                           : rise >= grown_from               ? ""
                                                              : "mildly ";
      text = fmt::format("The ACK stream was {}compressed between the two captures: {}; {}{}",
                         degree, shares(pair), events, stage(pair));
    } else if (rise <= -grown_from) {
      text = fmt::format("The ACK stream was smoothed between the two captures: {}", shares(pair));
    } else if (pair.share_first >= partly_from) {
      text = fmt::format("The ACK stream was compressed before the first capture already: {}",
                         shares(pair));
    } else {
      text = fmt::format("The ACK stream was not compressed between the two captures: {}",
                         shares(pair));
      if (in_events >= events_from) text += fmt::format("; yet {}{}", events, stage(pair));
    }
  }
  const std::uint64_t lost = report.reports[0].loss.lost() + report.reports[1].loss.lost();
  if (lost > 0) text += fmt::format("; {} lost records make this uncertain", lost);
  return text + ".";
}

}  // namespace tscope
