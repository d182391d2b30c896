// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tscope/probe/reflect.hpp"

namespace tscope {

/// Returns the report for people.
std::string reflect_text(const ReflectReport& report);

/// Returns one JSON object, schema "tscope-reflect-1" (tscope-reflect(1)).
std::string reflect_json(const ReflectReport& report);

}  // namespace tscope
