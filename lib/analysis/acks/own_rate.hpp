// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "analysis/acks/stream.hpp"

namespace tscope {

/// The bottleneck's rate as a stream itself shows it: docs/ack-report.md has the rule.
struct OwnRate {
  double bps = 0;   ///< on-wire bits; 0: it shows none
  std::string why;  ///< why it shows none
};

/// Whether others share the path is the caller's to find out.
OwnRate own_rate(const AckStream& stream);

}  // namespace tscope
