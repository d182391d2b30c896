// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tscope/analysis/delay_between_report.hpp"

namespace tscope {

/// Returns the report for people, at most 100 columns wide. ascii: uses no characters beyond ASCII.
/// all: also shows chains with few packets.
std::string delay_between_text(const DelayBetweenReport& report, bool ascii, bool all);

/// Returns the second file's object as delay_json() makes it, with the member `between`
/// (docs/delay-report.md).
std::string delay_between_json(const DelayBetweenReport& report);

}  // namespace tscope
