// SPDX-License-Identifier: MIT
#include "report/alignment_json.hpp"
#include "report/delay_json.hpp"
#include "tscope/report/delay_between.hpp"

namespace tscope {

namespace {

Json chain_json(const DelayBetweenChain& chain, const DelayBetweenReport& report) {
  const auto& error_ns = report.alignment.error_ns;
  Json json{{"from", point_object(chain.from)},
            {"to", point_object(chain.to)},
            {"kinds", Json::array()},
            {"packets", chain.packets},
            {"segments", chain.segments},
            {"inconsistent", chain.inconsistent},
            {"negative", chain.negative},
            {"unaligned", chain.unaligned},
            {"before", chain.before},
            {"before_within_error", chain.before_within_error},
            {"error_ns", error_ns ? Json(*error_ns) : Json()},
            {"stages", Json::array()},
            {"total", stage_object(chain.total)}};
  for (const auto& kind : chain.kinds) {
    json["kinds"].push_back(kind ? Json(kind_name(*kind)) : Json(nullptr));
  }
  for (std::size_t i = 0; i < chain.stages.size(); i++) {
    Json stage = stage_object(chain.stages[i]);
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

Json counts_json(const DelayBetweenCounts& pair) {
  return {{"from", point_object(pair.from)},
          {"to", point_object(pair.to)},
          {"matched", pair.matched},
          {"incomplete", pair.incomplete},
          {"unmatched", pair.unmatched},
          {"outside", pair.outside},
          {"copies", pair.copies}};
}

}  // namespace

std::string delay_between_json(const DelayBetweenReport& report) {
  Json json = delay_object(report.reports[1], report.files[1]);
  Json between{{"files", report.files},
               {"swapped", report.swapped},
               {"common_packets", report.common_packets},
               {"alignment", alignment_object(report.alignment, report.alignment_note)},
               {"chains", Json::array()},
               {"pairs", Json::array()},
               {"other", delay_object(report.reports[0], report.files[0])}};
  for (const DelayBetweenChain& chain : report.chains) {
    between["chains"].push_back(chain_json(chain, report));
  }
  for (const DelayBetweenCounts& pair : report.counts)
    between["pairs"].push_back(counts_json(pair));
  if (report.chains.empty()) between["why_nothing"] = report.why_nothing;
  json["between"] = std::move(between);
  return json_text(json);
}

}  // namespace tscope
