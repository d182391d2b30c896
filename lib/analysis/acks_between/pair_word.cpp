// SPDX-License-Identifier: MIT
#include "analysis/acks_between/pair_word.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "analysis/acks/verdict_thresholds.hpp"

namespace tscope {

namespace {

using namespace ack_verdict;

// What keeps one of the two streams from being judged, but not the pair.
bool of_one_only(const Withheld& reason) {
  constexpr std::array codes{"too-few-gaps", "hangs-on-the-cut", "no-rate"};
  return std::ranges::find(codes, reason.code) != codes.end();
}

}  // namespace

bool rose(PairWord word) {
  return word == PairWord::mildly || word == PairWord::compressed || word == PairWord::strongly;
}

PairWord pair_word(const PairShares& shares) {
  const double rise = shares.rise();
  const bool mildly = rise >= mildly_from && shares.second >= mildly_ratio_from * shares.first;
  if (shares.rise_low > 0 && (rise >= grown_from || mildly)) {
    if (rise < grown_from) return PairWord::mildly;
    return shares.second >= strongly_from ? PairWord::strongly : PairWord::compressed;
  }
  if (shares.rise_high < 0 && rise <= -grown_from) return PairWord::smoothed;
  return shares.first >= partly_from ? PairWord::before : PairWord::unchanged;
}

std::vector<Withheld> reasons_to_withhold(const AcksBetween& pair,
                                          const AcksBetweenReport& report) {
  if (pair.gaps < gaps_to_judge) {
    return {{"too-few-gaps", fmt::format("there are too few gaps of matched ACKs to judge ({}; {} "
                                         "are needed)",
                                         pair.gaps, gaps_to_judge)}};
  }
  std::vector<Withheld> reasons;
  for (const CapturePoint* point : {&pair.first, &pair.second}) {
    const auto& flows = report.reports[point->file].flows;
    const auto flow = std::ranges::find(flows, pair.flow, &AckFlow::flow);
    if (flow == flows.end()) continue;
    for (const Withheld& reason : flow->withheld) {
      if (of_one_only(reason)) continue;
      reasons.push_back(
          {reason.code, fmt::format("at the {} capture {}",
                                    point == &pair.first ? "first" : "second", reason.why)});
    }
  }
  const PairWord at_065 = pair_word(pair.at_065), at_085 = pair_word(pair.at_085);
  if (pair.rate_bps > 0 && at_065 != at_085) {
    reasons.push_back(
        {"hangs-on-the-cut",
         fmt::format(
             "it depends on where the line is drawn: {:.1f} % and {:.1f} % of the gaps are below "
             "0.65 of their service time, {:.1f} % and {:.1f} % below 0.85",
             100 * pair.at_065.first, 100 * pair.at_065.second, 100 * pair.at_085.first,
             100 * pair.at_085.second),
         rose(at_065) && rose(at_085)});
  }
  return reasons;
}

}  // namespace tscope
