// SPDX-License-Identifier: MIT
#include "report/acks_json.hpp"
#include "report/alignment_json.hpp"
#include "tscope/report/acks_between.hpp"

namespace tscope {

namespace {

Json batches_json(const AckBatches& batches) {
  Json json{{"acks", batches.acks}, {"count", batches.count}, {"sizes", Json::array()}};
  for (const AckBatches::Size& size : batches.sizes) {
    json["sizes"].push_back({{"acks", size.acks}, {"count", size.count}});
  }
  return json;
}

Json origin_json(const CompressionOrigin& origin) {
  return {{"last", vantage_name(origin.last.vantage)},
          {"events", origin.events},
          {"between_captures", origin.between},
          {"one_napi_poll", origin.one_poll},
          {"driver_to_socket", origin.in_kernel}};
}

Json place_json(const CompressionEvent::Place& place) {
  return {{"from_ns", place.from_ns}, {"to_ns", place.to_ns}, {"packets", place.packets}};
}

Json xi_json(const CompressionEvents& xi, bool has_list) {
  Json json{{"events", xi.events}, {"acks", xi.acks}, {"longest", xi.longest},
            {"p50", xi.xi_p50},    {"list", nullptr}, {"list_left_out", xi.left_out}};
  if (!has_list) return json;
  json["list"] = Json::array();
  for (const CompressionEvent& event : xi.list) {
    json["list"].push_back({{"first", place_json(event.at[0])},
                            {"second", place_json(event.at[1])},
                            {"acks", event.acks},
                            {"xi", event.xi}});
  }
  return json;
}

Json pair_entry(const AcksBetween& p, const AcksBetweenReport& report) {
  Json alignment = alignment_object(report.alignment, report.alignment_note);
  alignment["negative"] = p.negative;
  alignment["unaligned"] = p.unaligned;
  Json json =
      joined(flow_object(p.flow),
             {{"verdict", acks_between_verdict(p, report)},
              {"withheld", withheld_json(p.withheld)},
              {"first", point_object(p.first)},
              {"second", point_object(p.second)},
              {"direction_assumed", p.direction_assumed},
              {"matched", p.matched},
              {"unmatched", p.unmatched},
              {"outside", p.outside},
              {"copies", p.copies},
              {"merged", p.merged},
              {"alignment", std::move(alignment)},
              {"rate_bps", p.rate_bps},
              {"segment_time_ns", p.segment_time_ns},
              {"segment_time_source", p.at_first.segment_time_source},
              {"gaps", p.gaps},
              {"compressed_share", nullptr},
              {"rise", nullptr},
              {"rise_95", nullptr},
              {"xi", xi_json(p.xi, report.has_events)},
              {"gap_ratio",
               {{"p10", p.gap_ratio_p10}, {"p50", p.gap_ratio_p50}, {"p90", p.gap_ratio_p90}}},
              {"added_delay_ns", nullptr},
              {"batches", nullptr},
              {"origin", nullptr}});
  if (p.rate_bps > 0) {
    json["compressed_share"] = {p.shares.first, p.shares.second};
    json["rise"] = p.shares.rise();
    json["rise_95"] = {p.shares.rise_low, p.shares.rise_high};
  }
  if (p.delays > 0) {
    json["added_delay_ns"] = {{"count", p.delays},
                              {"p50", p.added_p50_ns},
                              {"p99", p.added_p99_ns},
                              {"max", p.added_max_ns}};
  }
  if (p.batches) json["batches"] = batches_json(*p.batches);
  if (p.origin) json["origin"] = origin_json(*p.origin);
  return json;
}

}  // namespace

std::string acks_between_json(const AcksBetweenReport& report) {
  Json json = joined(report_head("tscope-acks-pair-2"), {{"swapped", report.swapped},
                                                         {"common_packets", report.common_packets},
                                                         {"files", Json::array()},
                                                         {"pairs", Json::array()}});
  for (std::size_t i = 0; i < report.files.size(); i++) {
    json["files"].push_back(acks_object(report.reports[i], report.files[i]));
  }
  for (const AcksBetween& pair : report.flows) json["pairs"].push_back(pair_entry(pair, report));
  if (report.flows.empty()) json["why_no_pairs"] = report.why_nothing;
  return json_text(json);
}

}  // namespace tscope
