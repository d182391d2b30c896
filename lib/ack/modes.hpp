// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "tscope/ack_report.hpp"
#include "tscope/duration_histogram.hpp"

namespace tscope {

/// Counts in equal bins from 0 up to `limit_ns`; the last bin holds all the rest.
std::vector<HistogramBin> equal_bins(const DurationHistogram& gaps, std::int64_t bin_ns,
                                     std::int64_t limit_ns);

/// Local maxima of the equal bins with a share of at least 1 %, largest first; each stands where
/// the mean of its bin lies.
std::vector<AckMode> find_modes(const DurationHistogram& gaps, std::int64_t bin_ns,
                                std::int64_t segment_time_ns);

/// The segment time as the distribution's first mode tells it: docs/ack-report.md has the rule and
/// where it fails. mss: bytes of a full segment. 0 if there is no clear mode.
std::int64_t infer_segment_time(const DurationHistogram& gaps, std::uint32_t mss);

}  // namespace tscope
