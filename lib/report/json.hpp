// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tscope/record/headers.hpp"
#include "tscope/record/packet.hpp"

namespace tscope {

using Json = nlohmann::ordered_json;

/// Returns the members that every report begins with: its schema, and the tool that wrote it.
Json report_head(const std::string& schema);

/// Returns `first` with the members of `more` behind its own.
Json joined(Json first, const Json& more);

/// Returns src and dst.
Json flow_object(const Flow& flow);

/// Returns vantage and interface.
Json interface_object(const Interface& interface);

/// Returns a report as text. Bytes that are no UTF-8, such as those of a file's name, are replaced.
std::string json_text(const Json& json);

}  // namespace tscope
