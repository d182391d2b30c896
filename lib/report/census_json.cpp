// SPDX-License-Identifier: MIT
#include "report/census_json.hpp"

namespace tscope {

Json census_object(const Census& census) {
  Json json = {{"packets", census.packets},
               {"tcp", census.tcp},
               {"tcp_bytes", census.tcp_bytes},
               {"pure_acks", census.pure_acks},
               {"datagrams", census.datagrams},
               {"skipped", census.skipped()},
               {"skipped_by_reason", Json::array()},
               {"wrapped", Json::object()},
               {"snap_length", Json()},
               {"snap_length_needed", Json()},
               {"copies", census.copies},
               {"perhaps_copies", census.perhaps_copies},
               {"second_side", census.second_side},
               {"without_time", census.without_time},
               {"back_in_time", census.back_in_time},
               {"back_max_ns", census.back_max_ns},
               {"time_step_ns", census.step_ns > 0 ? Json(census.step_ns) : Json()}};
  for (const Census::Skipped& skipped : census.skipped_by_reason()) {
    json["skipped_by_reason"].push_back({{"reason", skip_name(skipped.reason)},
                                         {"number", skipped.number},
                                         {"what", skip_text(skipped.reason, skipped.number)},
                                         {"packets", skipped.packets}});
  }
  for (std::size_t i = 0; i < wrappings; i++) {
    if (census.wrapped[i] == 0) continue;
    json["wrapped"][std::string(wrapping_name(static_cast<Wrapping>(i)))] = census.wrapped[i];
  }
  if (census.snap_needed > 0) {
    json["snap_length"] = census.snap_length;
    json["snap_length_needed"] = census.snap_needed;
  }
  return json;
}

}  // namespace tscope
