// SPDX-License-Identifier: MIT
#include "report/acks_json.hpp"

#include "base/part.hpp"
#include "report/census_json.hpp"
#include "report/counter_check_json.hpp"
#include "report/source_json.hpp"
#include "tscope/report/acks.hpp"

namespace tscope {

namespace {

Json mode_json(const AckMode& mode) {
  return {{"at_ns", mode.at_ns},
          {"multiple", mode.multiple},
          {"share", mode.share},
          {"frame_bytes", mode.frame_bytes}};
}

Json bins_json(const std::vector<HistogramBin>& bins) {
  Json json = Json::array();
  for (const HistogramBin& bin : bins) {
    json.push_back({{"from_ns", bin.from_ns}, {"to_ns", bin.to_ns}, {"count", bin.count}});
  }
  return json;
}

Json events_json(const std::vector<AckEvent>& events) {
  Json json = Json::array();
  for (const AckEvent& event : events) {
    json.push_back({{"from_ns", event.from_ns},
                    {"to_ns", event.to_ns},
                    {"packets", event.packets},
                    {"acks", event.acks},
                    {"shortest_ns", event.shortest_ns},
                    {"longest_ns", event.longest_ns},
                    {"of_service_time", event.of_service_time},
                    {"least_of_service_time", event.least_of_service_time}});
  }
  return json;
}

Json distribution_json(const AckDistribution& d, bool has_events) {
  Json json =
      joined(interface_object(d.interface),
             {{"acks", d.acks},
              {"lost", d.lost ? Json(*d.lost) : Json()},
              {"gaps", d.gaps},
              {"acks_without_data", d.acks_without_data},
              {"gaps_after_hole", d.gaps_after_hole},
              {"rate_bps", d.rate_bps},
              {"segment_time_ns", d.segment_time_ns},
              {"segment_time_source", d.segment_time_source},
              {"share_below", nullptr},
              {"judged_gaps", d.judged},
              {"service_time_ns", d.service_time_ns},
              {"compressed_gaps", d.compressed},
              {"not_held_back", d.not_held_back},
              {"compressed_share", d.compressed_share},
              {"compressed_share_95", {d.share_low, d.share_high}},
              {"compressed_share_by_cut", nullptr},
              {"above_rate", d.excess},
              {"quantiles_ns",
               {{"p50", d.p50_ns}, {"p90", d.p90_ns}, {"p99", d.p99_ns}, {"max", d.max_ns}}},
              {"max_at", {{"time_ns", d.max_at_ns}, {"packets", d.max_packets}}},
              {"events", nullptr},
              {"events_left_out", d.events_left_out},
              {"modes", Json::array()},
              {"mode_below", nullptr},
              {"histogram", bins_json(d.histogram)},
              {"cdf_below", bins_json(d.cdf_below)},
              {"kernel",
               {{"merged_records", d.merged_records},
                {"merged_segments", d.merged_segments},
                {"same_poll_gaps", d.same_poll_gaps},
                {"unknown_poll_gaps", d.unknown_poll_gaps}}}});
  if (d.rate_bps > 0) {
    json["compressed_share_by_cut"] = {{"0.65", d.share_at_065}, {"0.85", d.share_at_085}};
    json["share_below"] = {{"tau", part(d.below_segment_time, d.gaps)},
                           {"three_quarters_tau", part(d.below_three_quarters, d.gaps)}};
  }
  if (has_events) json["events"] = events_json(d.events);
  for (const AckMode& mode : d.modes) json["modes"].push_back(mode_json(mode));
  if (d.mode_below) json["mode_below"] = mode_json(*d.mode_below);
  return json;
}

Json ack_stage_json(const AckStage& p) {
  return {{"first", interface_object(p.first)},
          {"second", interface_object(p.second)},
          {"matched", p.matched},
          {"only_first", p.only_first},
          {"only_second", p.only_second},
          {"merged", p.merged},
          {"negative", p.negative},
          {"compressed_share_first", p.share_first},
          {"compressed_share_second", p.share_second},
          {"added_delay_ns",
           {{"p50", p.added_p50_ns}, {"p99", p.added_p99_ns}, {"max", p.added_max_ns}}},
          {"gap_ratio_p50", p.gap_ratio_p50}};
}

}  // namespace

Json withheld_json(const std::vector<Withheld>& reasons) {
  Json json = Json::array();
  for (const Withheld& reason : reasons) {
    json.push_back({{"code", reason.code}, {"why", reason.why}});
  }
  return json;
}

Json acks_object(const AckReport& report, const std::string& file) {
  Json json = joined(report_head("tscope-acks-2"),
                     {{"file", file},
                      {"truncated", report.truncated},
                      {"packets", report.packets},
                      {"untracked_flows", report.untracked_flows},
                      {"loss", loss_object(report.loss)},
                      {"clock", clock_object(report.clock)},
                      {"counter_check", counter_check_object(report.counter_check)},
                      {"input", census_object(report.census)},
                      {"flows", Json::array()}});
  for (const AckFlow& flow : report.flows) {
    Json entry = joined(flow_object(flow.flow), {{"verdict", verdict(flow, report.loss.lost())},
                                                 {"withheld", withheld_json(flow.withheld)},
                                                 {"vantage_points", Json::array()},
                                                 {"pairs", Json::array()}});
    for (const auto& d : flow.vantage_points)
      entry["vantage_points"].push_back(distribution_json(d, report.has_events));
    for (const auto& p : flow.stages) entry["pairs"].push_back(ack_stage_json(p));
    json["flows"].push_back(std::move(entry));
  }
  if (report.flows.empty()) json["why_no_acks"] = why_no_acks(report);
  return json;
}

std::string ack_json(const AckReport& report, const std::string& file) {
  return json_text(acks_object(report, file));
}

}  // namespace tscope
