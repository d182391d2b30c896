// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tscope/analysis/delay_report.hpp"

namespace tscope {

/// Returns the report for people: a table and CDFs for each chain, then what was not matched.
/// ascii: uses no characters beyond ASCII. all: also shows chains with few packets.
std::string delay_text(const DelayReport& report, const std::string& file, bool ascii, bool all);

/// Returns one JSON object, schema "tscope-delay-1" (docs/delay-report.md).
std::string delay_json(const DelayReport& report, const std::string& file);

}  // namespace tscope
