// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>

#include "tscope/analysis/delay_report.hpp"

namespace tscope {

nlohmann::ordered_json stage_json(const DelayStage& stage);

}  // namespace tscope
