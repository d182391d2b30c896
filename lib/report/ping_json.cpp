// SPDX-License-Identifier: MIT
#include "report/json.hpp"
#include "tscope/report/ping.hpp"

namespace tscope {

namespace {

template <typename T>
void put(Json& json, const char* name, const std::optional<T>& value) {
  if (value) json[name] = *value;
}

Json quantiles_json(const PingQuantiles& quantiles) {
  if (quantiles.count == 0) return nullptr;
  return {
      {"count", quantiles.count}, {"median_ns", quantiles.median_ns}, {"p99_ns", quantiles.p99_ns}};
}

// Relative to app-tx: absolute times of the raw clock mean nothing outside this boot.
Json stamps_json(const PingStamps& stamps) {
  Json json = Json::object();
  const auto since = [&](const char* name, const std::optional<std::int64_t>& time) {
    if (time && stamps.app_tx) json[name] = *time - *stamps.app_tx;
  };
  since("socket_tx", stamps.socket_tx);
  since("qdisc_tx", stamps.qdisc_tx);
  since("driver_tx", stamps.driver_tx);
  since("driver_rx", stamps.driver_rx);
  since("socket_rx", stamps.socket_rx);
  since("app_rx", stamps.app_rx);
  return json;
}

Json evidence_json(const PingEvidence& evidence) {
  Json json = Json::object();
  put(json, "preemptions", evidence.preemptions);
  put(json, "run_queue_ns", evidence.run_queue_ns);
  put(json, "gap_ns", evidence.gap_ns);
  put(json, "late_timer_ns", evidence.late_timer_ns);
  put(json, "send_ns", evidence.send_ns);
  put(json, "call_ns", evidence.call_ns);
  put(json, "queue_ns", evidence.queue_ns);
  put(json, "qdisc_bytes", evidence.qdisc_bytes);
  put(json, "driver_bytes", evidence.driver_bytes);
  put(json, "wake_ns", evidence.wake_ns);
  put(json, "softirq_share", evidence.softirq_share);
  put(json, "steal_ns", evidence.steal_ns);
  put(json, "clock_step_ns", evidence.clock_step_ns);
  return json;
}

Json sample_json(const PingSample& sample) {
  Json json{{"sequence", sample.index},
            {"from", sample.from},
            {"bytes", sample.bytes},
            {"sent_realtime_ns", sample.sent_realtime_ns}};
  put(json, "ttl", sample.ttl);
  if (sample.reset) json["reset"] = true;
  put(json, "rtt_ns", sample.stamps.app_rtt());
  put(json, "socket_rtt_ns", sample.stamps.socket_rtt());
  put(json, "driver_rtt_ns", sample.stamps.driver_rtt());
  put(json, "hw_rtt_ns", sample.stamps.hw_rtt());
  put(json, "send_delay_ns", sample.stamps.send_delay());
  put(json, "receive_delay_ns", sample.stamps.receive_delay());
  json["clean"] = sample.verdict.clean();
  json["reasons"] = Json::array();
  for (const PingReason reason : sample.verdict.reasons) {
    json["reasons"].push_back(ping_reason_name(reason));
  }
  json["delay_threshold_ns"] = sample.delay_threshold_ns;
  json["stamps_after_app_tx_ns"] = stamps_json(sample.stamps);
  json["evidence"] = evidence_json(sample.evidence);
  return json;
}

const char* protocol_name(PingProtocol protocol) {
  switch (protocol) {
    case PingProtocol::udp:
      return "udp";
    case PingProtocol::tcp:
      return "tcp";
    case PingProtocol::icmp:
      break;
  }
  return "icmp";
}

}  // namespace

std::string ping_json(const PingReport& report) {
  const PingCounts& c = report.counts;
  const PingSummary summary = summarise(report.samples);
  Json json =
      joined(report_head("tscope-ping-1"), {{"destination", report.target.host},
                                            {"address", report.target.address},
                                            {"source", report.target.source},
                                            {"device", report.target.device},
                                            {"protocol", protocol_name(report.options.protocol)},
                                            {"socket", report.abilities.socket},
                                            {"stamps", report.abilities.stamps},
                                            {"lacking", report.abilities.lacking},
                                            {"sent", c.sent},
                                            {"received", c.received},
                                            {"duplicates", c.duplicates},
                                            {"truncated", c.truncated},
                                            {"corrupted", c.corrupted},
                                            {"forged", c.forged},
                                            {"reordered", c.reordered},
                                            {"errors", c.errors},
                                            {"resent", c.resent},
                                            {"clean", c.clean},
                                            {"biased", c.biased},
                                            {"inconsistent", c.inconsistent},
                                            {"engine_lost", c.engine_lost},
                                            {"not_kept", report.not_kept},
                                            {"duration_ns", report.duration_ns}});
  Json calibration = Json::object();
  put(calibration, "timer_ns", report.calibration.timer_ns);
  put(calibration, "look_ns", report.calibration.look_ns);
  json["calibration"] = calibration;
  const PingThresholds& limits = report.thresholds;
  json["thresholds"] = {
      {"preempted_ns", limits.preempted_ns},   {"gap_ns", limits.gap_ns},
      {"delay_ns", limits.delay_ns},           {"queued_bytes", limits.queued_bytes},
      {"softirq_share", limits.softirq_share}, {"clock_step_ns", limits.clock_step_ns}};
  json["layers"] = Json::array();
  for (const PingLayer& layer : summary.layers) {
    json["layers"].push_back({{"layer", layer.name},
                              {"rtt", quantiles_json(layer.rtt)},
                              {"added", quantiles_json(layer.added)},
                              {"send", quantiles_json(layer.send)},
                              {"receive", quantiles_json(layer.receive)}});
  }
  json["queue"] = quantiles_json(summary.queue);
  json["rtt"] = {{"all", quantiles_json(summary.all)},
                 {"clean", quantiles_json(summary.clean)},
                 {"biased", quantiles_json(summary.biased)}};
  Json reasons = Json::object();
  for (std::size_t i = 0; i < ping_reasons; i++) {
    reasons[std::string(ping_reason_name(static_cast<PingReason>(i)))] = summary.reasons[i];
  }
  json["reasons"] = reasons;
  json["samples"] = Json::array();
  for (const PingSample& sample : report.samples) json["samples"].push_back(sample_json(sample));
  return json_text(json);
}

}  // namespace tscope
