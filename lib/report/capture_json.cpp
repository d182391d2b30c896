// SPDX-License-Identifier: MIT
#include "report/counter_check_json.hpp"
#include "report/source_json.hpp"
#include "tscope/record/protocol_names.hpp"
#include "tscope/report/capture.hpp"

namespace tscope {

namespace {

// What became of a NIC's stamps in brief; reports on the file have nics_object().
Json nics_json(const std::vector<NicStamps>& nics) {
  Json json = Json::array();
  for (const NicStamps& stamps : nics) {
    json.push_back({{"interface", stamps.interface.device},
                    {"vantage", vantage_name(stamps.interface.vantage)},
                    {"used", stamps.used},
                    {"absent", stamps.absent()},
                    {"error_ns", stamps.error_ns}});
  }
  return json;
}

Json vantages_json(const CaptureSummary& summary) {
  Json json = Json::array();
  for (const Vantage vantage : summary.asked) {
    const CaptureSummary::Count& count = summary.vantages[static_cast<std::size_t>(vantage)];
    const auto lost = summary.outcome.loss.at(vantage);
    json.push_back({{"vantage", vantage_name(vantage)},
                    {"records", count.records},
                    {"segments", count.segments},
                    {"lost_records", lost.records},
                    {"lost_segments", lost.segments}});
  }
  return json;
}

Json protocols_json(const CaptureSummary& summary) {
  Json json = Json::array();
  for (const auto& [protocol, name] : protocol_names) {
    if ((summary.protocols_asked & static_cast<unsigned>(protocol)) == 0) continue;
    const auto count = summary.protocols.find(protocol);
    const auto seen = count == summary.protocols.end() ? CaptureSummary::Count{} : count->second;
    json.push_back({{"protocol", name}, {"records", seen.records}, {"segments", seen.segments}});
  }
  return json;
}

Json cpus_json(const CaptureSummary& summary) {
  Json json = Json::array();
  for (const auto& [cpu, records] : summary.cpus) {
    json.push_back({{"cpu", cpu}, {"records", records}});
  }
  return json;
}

}  // namespace

std::string capture_json(const CaptureSummary& summary) {
  return json_text(joined(report_head("tscope-capture-1"),
                          {{"file", summary.file},
                           {"bytes", summary.outcome.bytes},
                           {"duration_s", summary.outcome.duration.count()},
                           {"records", summary.outcome.records},
                           {"netns_gone", summary.outcome.netns_gone},
                           {"device_gone", summary.outcome.device_gone},
                           {"warnings", summary.outcome.warnings},
                           {"loss", live_loss_object(summary.outcome.loss)},
                           {"clock", live_clock_object(summary.outcome.clock)},
                           {"counter_check", counter_check_object(summary.outcome.counter_check)},
                           {"nics", nics_json(summary.outcome.nics)},
                           {"vantage_points", vantages_json(summary)},
                           {"protocols", protocols_json(summary)},
                           {"cpus", cpus_json(summary)}}));
}

}  // namespace tscope
