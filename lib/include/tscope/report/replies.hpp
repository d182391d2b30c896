// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tscope/analysis/replies.hpp"

namespace tscope {

/// Returns the report for people, at most 100 columns wide. Its JSON object is a member of
/// train_json()'s.
std::string reply_text(const ReplyReport& report);

}  // namespace tscope
