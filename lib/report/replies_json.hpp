// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>

#include "tscope/analysis/replies.hpp"

namespace tscope {

/// Returns the object that stands in the train's (docs/train-report.md, "Replies").
nlohmann::ordered_json reply_object(const ReplyReport& report);

}  // namespace tscope
