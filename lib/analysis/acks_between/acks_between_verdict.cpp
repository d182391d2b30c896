// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "analysis/acks/verdict_thresholds.hpp"
#include "analysis/acks/withheld.hpp"
#include "analysis/acks_between/pair_word.hpp"
#include "base/part.hpp"
#include "tscope/analysis/acks_between_report.hpp"
#include "tscope/base/units.hpp"

namespace tscope {

namespace {

using namespace ack_verdict;

std::string shares(const AcksBetween& pair) {
  return fmt::format(
      "{:.1f} % of {} gaps are compressed at the first capture and {:.1f} % at the second, {:+.1f} "
      "points [{:+.1f}, {:+.1f}]",
      100 * pair.shares.first, pair.gaps, 100 * pair.shares.second, 100 * pair.shares.rise(),
      100 * pair.shares.rise_low, 100 * pair.shares.rise_high);
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

std::string_view name(PairWord word) {
  switch (word) {
    case PairWord::mildly:
      return "mildly compressed between the two captures";
    case PairWord::compressed:
      return "compressed between the two captures";
    case PairWord::strongly:
      return "strongly compressed between the two captures";
    case PairWord::smoothed:
      return "smoothed between the two captures";
    case PairWord::before:
      return "compressed before the first capture already";
    case PairWord::unchanged:
      break;
  }
  return "not compressed between the two captures";
}

}  // namespace

std::string acks_between_verdict(const AcksBetween& pair, const AcksBetweenReport& report) {
  const double in_events = part(pair.xi.acks, pair.matched);
  const std::string events =
      fmt::format("{:.1f} % of the ACKs stand in compression events (xi < 0.75)", 100 * in_events);
  std::string text;
  if (!pair.withheld.empty()) {
    text = only_degree_unknown(pair.withheld)
               ? fmt::format(
                     "The ACKs were compressed between the two captures; how strongly can't be "
                     "told: {}; ",
                     shares(pair))
               : "Can't tell whether the ACKs were compressed between the two captures: ";
    text += withheld_text(pair.withheld);
    if (pair.gaps >= gaps_to_judge) text += "; " + events;
  } else if (pair.rate_bps == 0) {
    text = fmt::format(
        "{} between the two captures: {}; the bottleneck's rate is unknown, give --link-rate",
        in_events >= events_from ? "ACKs were compressed" : "Few ACKs were compressed", events);
    text += stage(pair);
  } else {
    const PairWord word = pair_word(pair.shares);
    text = fmt::format("The ACK stream was {}: {}", name(word), shares(pair));
    if (rose(word)) text += fmt::format("; {}{}", events, stage(pair));
    if (word == PairWord::unchanged && in_events >= events_from) {
      text += fmt::format("; yet {}{}", events, stage(pair));
    }
  }
  const std::uint64_t lost = report.reports[0].loss.lost() + report.reports[1].loss.lost();
  if (lost > 0) text += fmt::format("; {} lost records make this uncertain", lost);
  return text + ".";
}

}  // namespace tscope
