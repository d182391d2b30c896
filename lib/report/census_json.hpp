// SPDX-License-Identifier: MIT
#pragma once

#include "report/json.hpp"
#include "tscope/record/census.hpp"

namespace tscope {

/// Returns what a file held and what of it was left out, with the reasons.
Json census_object(const Census& census);

}  // namespace tscope
