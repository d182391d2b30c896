// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tscope/analysis/acks_between_report.hpp"

namespace tscope {

/// Returns the report for people, at most 100 columns wide. ascii: uses no characters beyond ASCII.
/// all: also shows flows with few ACKs.
std::string acks_between_text(const AcksBetweenReport& report, bool ascii, bool all);

/// Returns one JSON object, schema "tscope-acks-pair-2" (docs/ack-report.md).
std::string acks_between_json(const AcksBetweenReport& report);

}  // namespace tscope
