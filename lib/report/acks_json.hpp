// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "report/json.hpp"
#include "tscope/analysis/ack_report.hpp"

namespace tscope {

/// Returns the object of one capture's report, schema "tscope-acks-2".
Json acks_object(const AckReport& report, const std::string& file);

/// Returns the reasons for which there is no verdict, an object each.
Json withheld_json(const std::vector<Withheld>& reasons);

}  // namespace tscope
