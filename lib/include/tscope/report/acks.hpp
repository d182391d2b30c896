// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tscope/analysis/ack_report.hpp"

namespace tscope {

/// Returns the report for people: tables, histograms drawn in the terminal and verdicts, at most
/// 100 columns wide. ascii: uses no characters beyond ASCII. all: also shows flows with few ACKs.
std::string ack_text(const AckReport& report, const std::string& file, bool ascii, bool all);

/// Returns one JSON object, schema "tscope-acks-2" (docs/ack-report.md).
std::string ack_json(const AckReport& report, const std::string& file);

}  // namespace tscope
