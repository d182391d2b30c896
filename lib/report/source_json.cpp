// SPDX-License-Identifier: MIT
#include "report/source_json.hpp"

namespace tscope {

namespace {

Json causes_object(const Loss& loss) {
  return {{"lost", loss.lost()},
          {"full", loss.by_cause(TSCOPE_LOST_FULL)},
          {"contended", loss.by_cause(TSCOPE_LOST_CONTENDED)},
          {"missed", loss.missed},
          {"invalid", loss.invalid}};
}

const char* known_name(Loss::Known known) {
  switch (known) {
    case Loss::Known::all:
      return "all";
    case Loss::Known::partly:
      return "partly";
    case Loss::Known::none:
      return "none";
  }
  return "";
}

}  // namespace

Json loss_object(const Loss& loss) {
  Json json =
      joined(causes_object(loss),
             {{"elsewhere", loss.elsewhere}, {"late", loss.late}, {"by_vantage", Json::object()}});
  json["known"] = known_name(loss.known);
  if (loss.known == Loss::Known::none) {
    for (const char* count :
         {"lost", "full", "contended", "missed", "invalid", "elsewhere", "late"}) {
      json[count] = nullptr;
    }
  }
  for (std::size_t i = 0; i < TSCOPE_VANTAGES; i++) {
    const auto vantage = static_cast<Vantage>(i);
    const auto lost = loss.at(vantage);
    if (lost.records > 0) {
      json["by_vantage"][std::string(vantage_name(vantage))] = {{"records", lost.records},
                                                                {"segments", lost.segments}};
    }
  }
  return json;
}

Json live_loss_object(const Loss& loss) {
  Json json = causes_object(loss);
  json["late"] = loss.late;
  return json;
}

Json clock_object(const ClockInfo& clock) {
  return {{"source", clock.source},
          {"error_ns", clock.error_known ? Json(clock.error_ns) : Json()},
          {"resolution_ns", clock.resolution_ns},
          {"tsc_hz", clock.tsc_hz > 0 ? Json(clock.tsc_hz) : Json()},
          {"steps", clock.steps}};
}

Json live_clock_object(const ClockInfo& clock) {
  Json json = clock_object(clock);
  json.erase("resolution_ns");
  return json;
}

Json nics_object(const std::vector<NicStamps>& nics) {
  Json json = Json::array();
  for (const NicStamps& stamps : nics) {
    json.push_back({{"interface", stamps.interface.device},
                    {"vantage", vantage_name(stamps.interface.vantage)},
                    {"phc", stamps.phc >= 0 ? Json(stamps.phc) : Json()},
                    {"error_ns", stamps.error_ns},
                    {"used", stamps.used},
                    {"zero", stamps.zero},
                    {"still", stamps.still},
                    {"stray", stamps.stray},
                    {"no_clock", stamps.no_clock},
                    {"steps", stamps.steps}});
  }
  return json;
}

}  // namespace tscope
