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

/// Lists, for each mode within 10 % of up to four segment times, how many bytes a full frame may
/// count as on a link of this rate: mtu (IP packet), and with what Ethernet adds to it. rate_bps 0:
/// unknown, none is listed.
void name_frames(Modes& modes, std::uint32_t mtu, double rate_bps);

}  // namespace tscope
