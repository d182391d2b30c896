// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tscope/analysis/ack_report.hpp"
#include "tscope/base/histogram.hpp"

namespace tscope {

/// Counts in equal bins from 0 up to `limit_ns`; the last bin holds all the rest.
std::vector<HistogramBin> equal_bins(const Histogram& gaps, std::int64_t bin_ns,
                                     std::int64_t limit_ns);

struct Modes {
  std::vector<AckMode> all;      ///< the largest eight, largest first
  std::optional<AckMode> below;  ///< the largest below the segment time
};

/// Local maxima of the equal bins with a share of at least 1 %; each stands where the mean of its
/// bin lies. segment_time_ns 0: unknown, so none is below.
Modes find_modes(const Histogram& gaps, std::int64_t bin_ns, std::int64_t segment_time_ns);

/// The segment time as the distribution's first mode tells it: docs/ack-report.md has the rule and
/// where it fails. The histogram's weights are the bytes that the gap's second ACK acknowledged;
/// mss: bytes of a full segment. 0 if there is no clear mode.
std::int64_t infer_segment_time(const Histogram& gaps, std::uint32_t mss);

}  // namespace tscope
