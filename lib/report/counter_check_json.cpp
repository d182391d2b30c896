// SPDX-License-Identifier: MIT
#include "report/counter_check_json.hpp"

namespace tscope {

namespace {

const char* state_name(CounterCheck::State state) {
  switch (state) {
    case CounterCheck::State::not_applicable:
      return "not-applicable";
    case CounterCheck::State::absent:
      return "absent";
    case CounterCheck::State::done:
      return "done";
  }
  return "";
}

const char* result_name(CheckVerdict::Result result) {
  switch (result) {
    case CheckVerdict::Result::complete:
      return "complete";
    case CheckVerdict::Result::missing:
      return "missing";
    case CheckVerdict::Result::unknown:
      return "unknown";
  }
  return "";
}

const char* obstacle_name(CheckObstacle obstacle) {
  switch (obstacle) {
    case CheckObstacle::none:
      return "none";
    case CheckObstacle::appeared:
      return "appeared";
    case CheckObstacle::disappeared:
      return "disappeared";
    case CheckObstacle::reset:
      return "reset";
    case CheckObstacle::lower_device:
      return "lower-device";
    case CheckObstacle::not_counted:
      return "not-counted";
    case CheckObstacle::unknown:
      return "unknown";
  }
  return "";
}

const char* doubt_name(const InterfaceCheck& check, CheckVerdict::Doubt doubt) {
  switch (doubt) {
    case CheckVerdict::Doubt::none:
      return "none";
    case CheckVerdict::Doubt::obstacle:
      return obstacle_name(check.obstacle);
    case CheckVerdict::Doubt::slow_counter:
      return "slow-counter";
    case CheckVerdict::Doubt::queue:
      return "queue";
    case CheckVerdict::Doubt::counted_fewer:
      return "counted-fewer";
    case CheckVerdict::Doubt::unit:
      return "unit";
  }
  return "";
}

Json check_json(const InterfaceCheck& check) {
  const CheckVerdict verdict = check_verdict(check);
  return joined(interface_object(check.interface), {{"verdict", result_name(verdict.result)},
                                                    {"doubt", doubt_name(check, verdict.doubt)},
                                                    {"missing", verdict.missing},
                                                    {"at_least", verdict.at_least},
                                                    {"margin", check.margin},
                                                    {"queue", check.queue},
                                                    {"counted", check.counted},
                                                    {"frames", check.frames},
                                                    {"segments", check.segments},
                                                    {"xdp", xdp_mode_name(check.xdp)}});
}

}  // namespace

Json counter_check_object(const CounterCheck& check) {
  Json json{{"state", state_name(check.state)}, {"interfaces", Json::array()}};
  for (const InterfaceCheck& one : check.interfaces) json["interfaces"].push_back(check_json(one));
  return json;
}

}  // namespace tscope
