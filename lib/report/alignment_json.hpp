// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tscope/align/alignment.hpp"
#include "tscope/analysis/acks_between_report.hpp"

namespace tscope {

/// What every report of two captures says of their clocks.
nlohmann::ordered_json alignment_json(const Alignment& alignment, const std::string& note);

nlohmann::ordered_json point_json(const CapturePoint& point);

}  // namespace tscope
