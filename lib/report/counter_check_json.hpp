// SPDX-License-Identifier: MIT
#pragma once

#include "report/json.hpp"
#include "tscope/record/counter_check.hpp"

namespace tscope {

/// Returns the comparison with the interfaces' counters, and what it says of each.
Json counter_check_object(const CounterCheck& check);

}  // namespace tscope
