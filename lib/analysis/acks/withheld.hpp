// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tscope/analysis/ack_report.hpp"

namespace tscope {

/// Returns every reason for which a flow's ACKs can't be judged, in the order of the table in
/// withheld.cpp; none if they can. The flow's figures and the report's facts of the file are set.
std::vector<Withheld> reasons_to_withhold(const AckFlow& flow, const AckReport& report);

/// Returns the word for a share of compressed gaps: "not compressed", "partly compressed" or
/// "strongly compressed".
std::string_view degree(double share);

/// Returns whether gaps are compressed whatever the reasons leave open; there is at least one.
bool only_degree_unknown(const std::vector<Withheld>& reasons);

/// Returns the reasons as one clause.
std::string withheld_text(const std::vector<Withheld>& reasons);

}  // namespace tscope
