// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tscope/align/alignment.hpp"

namespace tscope {

/// Returns a sentence: the files are taken in the other order, and why.
std::string swapped_text(const std::string& why);

/// Returns how two files' clocks lie, and how well that is known; a line for each step.
std::string alignment_text(const Alignment& alignment, const std::string& note);

}  // namespace tscope
