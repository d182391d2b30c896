// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tscope/record/source.hpp"

namespace tscope {

/// "Nothing was lost", or how many records and why.
std::string loss_text(const Loss& loss);

/// "TSC stamps, within 210 ns of the clock", or whose times they are; jumps of the clock.
std::string clock_text(const ClockInfo& clock);

}  // namespace tscope
