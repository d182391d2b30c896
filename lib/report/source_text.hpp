// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tscope/record/source.hpp"

namespace tscope {

/// Returns "3 ring full, 0 contended, 0 missed, 0 invalid".
std::string causes_text(const Loss& loss);

/// Returns "3", "at least 3" or "not known".
std::string lost_count_text(const Loss& loss);

/// Returns "Nothing was lost", or how many records and why.
std::string loss_text(const Loss& loss);

/// Returns "TSC stamps, within 210 ns of the clock", or whose times they are, and how often the
/// clock jumped.
std::string clock_text(const ClockInfo& clock);

/// Returns "eth0/hw-rx: 990 stamps, within 210 ns of the others; 10 absent (10 zero)".
std::string nic_text(const NicStamps& stamps);

}  // namespace tscope
