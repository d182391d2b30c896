// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tscope/record/time_window.hpp"
#include "tscope/record/vantage.hpp"

namespace tscope {

struct ConvertOptions {
  std::vector<Vantage> vantages;    ///< at least one; neither `session` nor `tap`
  std::string device;               ///< only this one's interfaces; empty: all
  std::optional<std::string> flow;  ///< only flows with this text in "src > dst" or its reverse
  TimeWindow window;                ///< only packets of this time
  bool force = false;               ///< even if a packet shows more than once
  /// Called now and then with the packets read so far (each is read twice).
  std::function<void(std::uint64_t packets)> progress;
};

struct Converted {
  std::uint64_t packets = 0;
  bool truncated = false;  ///< the input was cut off
};

/// Writes the packets of some vantage points of one of our capture files as a capture file of their
/// own, in which no packet shows twice, with the input's link type, clock anchors, facts and these
/// vantage points' loss; connection events are left out. Reads the input twice, so it can't be a
/// pipe.
///
/// Throws UsageError for a set that would show each packet twice and for an output that is the
/// input, Error if the file has no packet there (naming what it has) or shows a flow's direction at
/// two places.
Converted convert(const std::string& input, const std::string& output,
                  const ConvertOptions& options);

/// Likewise of the files into which one capture was rotated, which are read as one
/// (open_rotated()).
Converted convert_rotated(const std::vector<std::string>& inputs, const std::string& output,
                          const ConvertOptions& options);

}  // namespace tscope
