// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "tscope/analysis/acks_between_report.hpp"

namespace tscope {

/// What became of a stream between two captures.
enum class PairWord { unchanged, mildly, compressed, strongly, smoothed, before };

/// Returns the word for these shares: docs/ack-report.md, "Figures", has the rule.
PairWord pair_word(const PairShares& shares);

/// Returns whether the word says that the ACKs were compressed on the way.
bool rose(PairWord word);

/// Returns every reason for which a pair can't be judged by its gaps; none if it can.
std::vector<Withheld> reasons_to_withhold(const AcksBetween& pair, const AcksBetweenReport& report);

}  // namespace tscope
