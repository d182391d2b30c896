// SPDX-License-Identifier: MIT
#include "report/json.hpp"

namespace tscope {

Json report_head(const std::string& schema) {
  return {{"schema", schema}, {"tool", {{"name", "tscope"}, {"version", TSCOPE_VERSION}}}};
}

Json joined(Json first, const Json& more) {
  first.update(more);
  return first;
}

Json flow_object(const Flow& flow) {
  return {{"src", flow.src.to_string()}, {"dst", flow.dst.to_string()}};
}

Json interface_object(const Interface& interface) {
  return {{"vantage", vantage_name(interface.vantage)}, {"interface", interface.device}};
}

std::string json_text(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace tscope
