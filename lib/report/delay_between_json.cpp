// SPDX-License-Identifier: MIT
#include <nlohmann/json.hpp>

#include "report/alignment_json.hpp"
#include "report/stage_json.hpp"
#include "tscope/analysis/delay_between_report.hpp"

namespace tscope {

namespace {

using Json = nlohmann::ordered_json;

Json chain_json(const BetweenChain& chain, const BetweenReport& report) {
  Json json{{"from", point_json(chain.from)},
            {"to", point_json(chain.to)},
            {"kinds", Json::array()},
            {"packets", chain.packets},
            {"segments", chain.segments},
            {"inconsistent", chain.inconsistent},
            {"negative", chain.negative},
            {"unaligned", chain.unaligned},
            {"before", chain.before},
            {"before_within_error", chain.before_within_error},
            {"error_ns", nullptr},
            {"stages", Json::array()},
            {"total", stage_json(chain.total)}};
  for (const auto& kind : chain.kinds) {
    json["kinds"].push_back(kind ? Json(kind_name(*kind)) : Json(nullptr));
  }
  const auto& error_ns = report.alignment.error_ns;
  if (error_ns) json["error_ns"] = *error_ns;
  for (std::size_t i = 0; i < chain.stages.size(); i++) {
    Json stage = stage_json(chain.stages[i]);
    if (i == chain.between) {
      stage["file"] = nullptr;
      stage["error_ns"] = json["error_ns"];
    } else {
      stage["file"] = i < chain.between ? chain.from.file : chain.to.file;
    }
    json["stages"].push_back(std::move(stage));
  }
  return json;
}

Json pair_json(const BetweenCounts& pair) {
  return {{"from", point_json(pair.from)}, {"to", point_json(pair.to)},   {"matched", pair.matched},
          {"incomplete", pair.incomplete}, {"unmatched", pair.unmatched}, {"outside", pair.outside},
          {"copies", pair.copies}};
}

}  // namespace

std::string between_json(const BetweenReport& report) {
  Json json = Json::parse(delay_json(report.reports[1], report.files[1]));
  Json between{{"files", report.files},
               {"swapped", report.swapped},
               {"common_packets", report.common_packets},
               {"alignment", alignment_json(report.alignment, report.alignment_note)},
               {"chains", Json::array()},
               {"pairs", Json::array()},
               {"other", Json::parse(delay_json(report.reports[0], report.files[0]))}};
  for (const BetweenChain& chain : report.chains) {
    between["chains"].push_back(chain_json(chain, report));
  }
  for (const BetweenCounts& pair : report.counts) between["pairs"].push_back(pair_json(pair));
  if (report.chains.empty()) between["why_nothing"] = report.why_nothing;
  json["between"] = std::move(between);
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace tscope
