// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tscope/record/nic.hpp"

namespace tscope {

/// Returns "eth0/hw-rx: 990 stamps, within 210 ns of the others; 10 absent (10 zero)".
std::string nic_text(const NicStamps& stamps);

}  // namespace tscope
