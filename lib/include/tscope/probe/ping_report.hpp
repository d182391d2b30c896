// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tscope/probe/ping.hpp"

namespace tscope {

/// Nearest rank.
struct PingQuantiles {
  std::uint64_t count = 0;
  std::int64_t median_ns = 0, p99_ns = 0;
};

/// Of the layers app, socket, driver, hw: RTT there, and what the layer adds to that of the next
/// lower one that was stamped (the paper's delta RTT), on the way out and in. Of `samples` whose
/// stages make sense.
struct PingLayer {
  std::string name;
  PingQuantiles rtt, added, send, receive;
};

struct PingSummary {
  std::vector<PingLayer> layers;     ///< that have an RTT, the highest first
  PingQuantiles queue;               ///< qdisc-tx to driver-tx
  PingQuantiles all, clean, biased;  ///< RTT of the application
  std::array<std::uint64_t, ping_reasons> reasons{};
};

PingSummary summarise(std::span<const PingSample> samples);

struct PingReport {
  PingOptions options;
  PingTarget target;
  PingAbilities abilities;
  PingCalibration calibration;
  PingThresholds thresholds;
  PingCounts counts;
  std::int64_t duration_ns = 0;  ///< first probe to last event
  std::vector<PingSample> samples;
  std::uint64_t not_kept = 0;  ///< samples beyond those
};

}  // namespace tscope
