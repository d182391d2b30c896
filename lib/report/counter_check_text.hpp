// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tscope/record/counter_check.hpp"

namespace tscope {

/// Returns lines on whether all packets passed tscope's hooks: first what is missing, then what is
/// complete, then what can't be told. Empty if the comparison is not applicable.
std::string counter_check_text(const CounterCheck& check);

}  // namespace tscope
