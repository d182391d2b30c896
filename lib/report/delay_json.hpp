// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "report/json.hpp"
#include "tscope/analysis/delay_report.hpp"

namespace tscope {

/// Returns the object of one capture's report, schema "tscope-delay-1".
Json delay_object(const DelayReport& report, const std::string& file);

/// Returns the object of one stage, or of the whole way.
Json stage_object(const DelayStage& stage);

}  // namespace tscope
