// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tscope/align/alignment.hpp"

namespace tscope {

/// How two files' clocks lie, and how well that is known; a line for each step.
std::string alignment_text(const Alignment& alignment, const std::string& note);

}  // namespace tscope
