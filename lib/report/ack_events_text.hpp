// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tscope/analysis/ack_report.hpp"
#include "tscope/analysis/acks_between_report.hpp"

namespace tscope {

/// Returns "7.3 ms, from 12:09:53.276123 on, packet 12 to packet 17": the longest gap as Wireshark
/// shows it; "" if the packets' numbers are unknown.
std::string longest_gap_text(const AckDistribution& distribution);

/// Returns a table of the compression events at one vantage point.
std::string events_text(const AckDistribution& distribution);

/// Returns a table of the compression events between two captures.
std::string events_text(const CompressionEvents& events);

}  // namespace tscope
