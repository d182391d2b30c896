// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tscope/record/census.hpp"

namespace tscope {

/// Returns lines on what a file held beside what was analysed as it was: packets in tunnels,
/// skipped packets, copies, times that can't be right. "" if there is nothing to say.
std::string census_text(const Census& census);

}  // namespace tscope
