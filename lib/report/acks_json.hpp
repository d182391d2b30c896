// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "report/json.hpp"
#include "tscope/analysis/ack_report.hpp"

namespace tscope {

/// Returns the object of one capture's report, schema "tscope-acks-1".
Json acks_object(const AckReport& report, const std::string& file);

}  // namespace tscope
