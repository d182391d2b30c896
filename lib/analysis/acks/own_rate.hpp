// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "analysis/acks/stream.hpp"

namespace tscope {

/// The bottleneck's rate as a stream itself shows it: docs/ack-report.md has the rule.
struct OwnRate {
  double bps = 0;   ///< on-wire bits; 0: it shows none
  std::string why;  ///< why it shows none
};

/// others: on-wire bytes that other streams delivered meanwhile from or to the same host.
OwnRate own_rate(const AckStream& stream, std::uint64_t others);

}  // namespace tscope
