// SPDX-License-Identifier: MIT
#pragma once

#include "report/json.hpp"
#include "tscope/analysis/replies.hpp"

namespace tscope {

/// Returns the object that stands in the train's (docs/train-report.md, "Replies").
Json reply_object(const ReplyReport& report);

}  // namespace tscope
