// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tscope/analysis/delay_between_report.hpp"

namespace tscope {

/// Returns the report for people, at most 100 columns wide. ascii: uses no characters beyond ASCII.
/// all: also shows chains with few packets.
std::string between_text(const BetweenReport& report, bool ascii, bool all);

/// Returns the second file's object as delay_json() makes it, with the member `between`
/// (docs/delay-report.md).
std::string between_json(const BetweenReport& report);

}  // namespace tscope
