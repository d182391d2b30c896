// SPDX-License-Identifier: MIT
#include "report/json.hpp"
#include "tscope/report/reflect.hpp"

namespace tscope {

std::string reflect_json(const ReflectReport& r) {
  Json json = joined(report_head("tscope-reflect-1"), {{"received", r.received},
                                                       {"reflected", r.reflected},
                                                       {"not_reflected",
                                                        {{"malformed", r.malformed},
                                                         {"own_kind", r.own_kind},
                                                         {"privileged_port", r.privileged_port},
                                                         {"not_unicast", r.not_unicast},
                                                         {"limited_sender", r.limited_sender},
                                                         {"limited_total", r.limited_total},
                                                         {"send_failed", r.send_failed}}},
                                                       {"dropped", r.dropped},
                                                       {"driver_stamps", r.driver_stamps},
                                                       {"driver_absent", r.driver_absent},
                                                       {"user_stamps", r.user_stamps},
                                                       {"expired_sessions", r.expired},
                                                       {"evicted_sessions", r.evicted},
                                                       {"sessions", Json::array()}});
  for (const ReflectSession& s : r.sessions) {
    json["sessions"].push_back({{"sender", s.sender.to_string()},
                                {"session", s.session},
                                {"received", s.received},
                                {"reflected", s.reflected},
                                {"duplicates", s.duplicates},
                                {"missing", s.missing},
                                {"reordered", s.reordered},
                                {"restarts", s.restarts},
                                {"limited", s.limited},
                                {"first_ns", s.first_ns},
                                {"last_ns", s.last_ns}});
  }
  return json_text(json);
}

}  // namespace tscope
