// SPDX-License-Identifier: MIT
#include "report/delay_json.hpp"

#include "report/census_json.hpp"
#include "report/counter_check_json.hpp"
#include "report/source_json.hpp"
#include "tscope/report/delay.hpp"

namespace tscope {

Json stage_object(const DelayStage& stage) {
  Json json{{"from", vantage_name(stage.from)},
            {"to", vantage_name(stage.to)},
            {"quantiles_ns",
             {{"p50", stage.p50_ns},
              {"p90", stage.p90_ns},
              {"p99", stage.p99_ns},
              {"max", stage.max_ns}}},
            {"sum_ns", stage.sum_ns},
            {"share", stage.share},
            {"cdf", Json::array()}};
  if (stage.max_packets[0] != 0) {
    json["max_at"] = {{"time_ns", stage.max_at_ns}, {"packets", stage.max_packets}};
  }
  if (stage.error_ns) json["error_ns"] = *stage.error_ns;
  for (const CdfPoint& point : stage.cdf) {
    json["cdf"].push_back({{"below_ns", point.ns}, {"share", point.share}});
  }
  return json;
}

namespace {

template <typename Chain>
Json chain_head(const Chain& chain) {
  return {{"kind", kind_name(chain.kind)}, {"interface", chain.device},
          {"packets", chain.packets},      {"segments", chain.segments},
          {"negative", chain.negative},    {"inconsistent", chain.inconsistent}};
}

Json chain_json(const DelayChain& chain) {
  Json json = joined({{"way", way_name(chain.way)}, {"netns", chain.netns}}, chain_head(chain));
  json["partial"] = chain.partial;
  json["stages"] = Json::array();
  json["total"] = stage_object(chain.total);
  for (const DelayStage& stage : chain.stages) json["stages"].push_back(stage_object(stage));
  return json;
}

Json reasons_json(const std::array<std::uint64_t, unmatched_reasons>& counts) {
  Json json = Json::object();
  for (std::size_t i = 0; i < counts.size(); i++) {
    if (counts[i] > 0) json[std::string(unmatched_name(static_cast<Unmatched>(i)))] = counts[i];
  }
  return json;
}

const char* protocol_text(bool datagrams) {
  return datagrams ? "datagram" : "tcp";
}

Json stage_counts_json(const StageCounts& pair) {
  return {{"way", way_name(pair.way)},
          {"protocol", protocol_text(pair.datagrams)},
          {"first", vantage_name(pair.first)},
          {"second", vantage_name(pair.second)},
          {"matched", pair.matched},
          {"merged", pair.merged},
          {"unmatched", pair.unmatched()},
          {"only_first", reasons_json(pair.only_first)},
          {"only_second", reasons_json(pair.only_second)}};
}

Json flow_chain_json(const DelayFlowChain& chain) {
  return joined(
      chain_head(chain),
      {{"quantiles_ns", {{"p50", chain.p50_ns}, {"p99", chain.p99_ns}, {"max", chain.max_ns}}},
       {"sum_ns", chain.sum_ns},
       {"largest_stage",
        {{"from", vantage_name(chain.largest_from)},
         {"to", vantage_name(chain.largest_to)},
         {"share", chain.largest_share}}}});
}

Json flow_json(const DelayFlow& flow) {
  Json json = joined(flow_object(flow.flow), {{"way", way_name(flow.way)},
                                              {"netns", flow.netns},
                                              {"protocol", protocol_text(flow.datagrams)},
                                              {"packets", Json::object()},
                                              {"whole", flow.whole}});
  for (std::size_t i = 0; i < packet_kinds; i++) {
    if (flow.packets[i] == 0) continue;
    json["packets"][std::string(kind_name(static_cast<PacketKind>(i)))] = flow.packets[i];
  }
  for (const DelayFlowChain& chain : flow.chains) {
    json["chains"].push_back(flow_chain_json(chain));
  }
  return json;
}

Json absences_json(const DelayReport& report) {
  Json json{{"fragments", report.fragments},
            {"silent", Json::array()},
            {"changed_addresses", Json::array()}};
  for (const SilentVantage& silent : report.silent) {
    json["silent"].push_back(
        {{"vantage", vantage_name(silent.vantage)}, {"protocol", protocol_text(silent.datagrams)}});
  }
  for (const ChangedAddress& changed : report.changed_addresses) {
    json["changed_addresses"].push_back({{"way", way_name(changed.way)},
                                         {"at_driver", flow_object(changed.at_driver)},
                                         {"at_socket", flow_object(changed.at_socket)}});
  }
  return json;
}

}  // namespace

Json delay_object(const DelayReport& report, const std::string& file) {
  Json json = joined(report_head("tscope-delay-1"),
                     {{"file", file},
                      {"truncated", report.truncated},
                      {"records", report.records},
                      {"used", report.used},
                      {"other_flows", report.other_flows},
                      {"untracked_flows", report.untracked_flows},
                      {"forwarded", report.forwarded},
                      {"peeks", report.peeks},
                      {"foreign_calls", report.foreign_calls},
                      {"foreign_segments", report.foreign_segments},
                      {"mptcp_segments", report.mptcp_segments},
                      {"loss", loss_object(report.loss)},
                      {"clock", clock_object(report.clock)},
                      {"counter_check", counter_check_object(report.counter_check)},
                      {"input", census_object(report.census)},
                      {"nics", nics_object(report.nics)},
                      {"unclaimed_nic_stamps", report.unclaimed_nic_stamps},
                      {"chains", Json::array()},
                      {"pairs", Json::array()},
                      {"flows", Json::array()},
                      {"flows_left_out",
                       {{"flows", report.flows_left_out}, {"packets", report.packets_left_out}}}});
  json.update(absences_json(report));
  for (const DelayChain& chain : report.chains) json["chains"].push_back(chain_json(chain));
  for (const StageCounts& pair : report.stages) json["pairs"].push_back(stage_counts_json(pair));
  for (const DelayFlow& flow : report.flows) json["flows"].push_back(flow_json(flow));
  if (report.chains.empty()) json["why_no_delays"] = why_no_delays(report);
  return json;
}

std::string delay_json(const DelayReport& report, const std::string& file) {
  return json_text(delay_object(report, file));
}

}  // namespace tscope
