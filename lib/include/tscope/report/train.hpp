// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tscope/probe/train_report.hpp"

namespace tscope {

/// Returns the report for people, several lines.
std::string train_text(const TrainReport& report);

/// Returns one JSON object, schema "tscope-train-1" (docs/train-report.md).
std::string train_json(const TrainReport& report);

}  // namespace tscope
