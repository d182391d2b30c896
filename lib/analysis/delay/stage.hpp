// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "tscope/analysis/delay_report.hpp"
#include "tscope/base/histogram.hpp"

namespace tscope {

/// Quantiles, share and CDF of a stage; its vantage points are the caller's to fill.
DelayStage stage_of(const Histogram& times, std::int64_t sum, std::int64_t total_sum);

}  // namespace tscope
