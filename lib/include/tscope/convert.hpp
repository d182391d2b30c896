// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tscope/vantage.hpp"

namespace tscope {

struct Converted {
  std::uint64_t packets = 0;
  bool truncated = false;  ///< the input was cut off
};

/// Writes the packets of some vantage points of a capture file as a capture file of their own, in which
/// no packet shows twice: at most one vantage point for each direction, unless forced. Throws UsageError
/// for a set that would show a packet twice, Error if the file has no packet there (naming what it has).
Converted convert(const std::string& input, const std::string& output,
                  const std::vector<Vantage>& vantages, bool force);

}  // namespace tscope
