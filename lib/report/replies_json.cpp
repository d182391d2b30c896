// SPDX-License-Identifier: MIT
#include "report/replies_json.hpp"

#include "report/alignment_json.hpp"

namespace tscope {

namespace {

constexpr std::size_t listed_max = 10'000;  // pairs and chirps given one by one

Json quantiles_json(const DelayQuantiles& q) {
  return {{"count", q.count}, {"min", q.min}, {"p01", q.p01}, {"p50", q.p50},
          {"p90", q.p90},     {"p99", q.p99}, {"max", q.max}, {"mean", q.mean}};
}

Json path_json(const ReplyPath& path) {
  return {{"delay_ns", quantiles_json(path.delay)},
          {"negative", path.negative},
          {"pdv_ns", quantiles_json(path.pdv)},
          {"ipdv_ns", quantiles_json(path.ipdv)},
          {"jitter_ns", path.jitter_ns},
          {"reordered", path.reordering.reordered},
          {"reordered_ratio", path.reordering.ratio},
          {"reordering_extent",
           {{"mean", path.reordering.extent_mean}, {"max", path.reordering.extent_max}}},
          {"duplicates", path.duplicates},
          {"sent_gap_ns", quantiles_json(path.sent_gap)},
          {"arrival_gap_ns", quantiles_json(path.arrival_gap)},
          {"gap_ratio_p50", path.gap_ratio_p50}};
}

Json alignment_json(const ReplyReport& report) {
  const Alignment& a = report.alignment;
  return joined(offset_object(a), {{"round_trip_ns", a.round_trip_ns},
                                   {"residual_ns", residual_object(a)},
                                   {"steps", a.steps.size()},
                                   {"unaligned", report.unaligned},
                                   {"reflector_synchronised", report.synchronised}});
}

Json pairs_json(const Dispersion& d) {
  Json json{{"kind", "pairs"},
            {"groups", d.groups},
            {"incomplete", d.incomplete},
            {"unresolved", d.unresolved},
            {"expanded", d.expanded},
            {"sent_gap_ns", quantiles_json(d.sent_gap)},
            {"arrival_gap_ns", quantiles_json(d.arrival_gap)},
            {"rate_ratio_p50", d.rate_ratio_p50},
            {"sent_rate_bps", d.sent_rate_bps},
            {"capacity_bps", nullptr},
            {"capacity_is_bound", d.capacity_is_bound},
            {"modes", Json::array()},
            {"pairs", Json::array()}};
  if (d.capacity_bps > 0) json["capacity_bps"] = d.capacity_bps;
  for (const RateMode& mode : d.modes) {
    json["modes"].push_back({{"bps", mode.bps},
                             {"low_bps", mode.low_bps},
                             {"high_bps", mode.high_bps},
                             {"count", mode.count},
                             {"share", mode.share}});
  }
  for (std::size_t i = 0; i < d.pairs.size() && i < listed_max; i++) {
    const PairGap& pair = d.pairs[i];
    json["pairs"].push_back({{"index", pair.index},
                             {"sent_gap_ns", pair.sent_gap_ns},
                             {"arrival_gap_ns", pair.arrival_gap_ns},
                             {"capacity_bps", pair.capacity_bps}});
  }
  return json;
}

Json chirps_json(const Dispersion& d) {
  Json json{{"kind", "chirp"},
            {"groups", d.groups},
            {"incomplete", d.incomplete},
            {"available_bps", nullptr},
            {"available_is_bound", d.available_is_bound},
            {"steps", Json::array()},
            {"chirps", Json::array()}};
  if (d.available_bps > 0) json["available_bps"] = d.available_bps;
  for (const ChirpStep& step : d.steps) {
    json["steps"].push_back({{"position", step.position},
                             {"rate_bps", step.rate_bps},
                             {"sent_gap_ns", step.sent_gap_ns},
                             {"arrival_gap_ns", step.arrival_gap_ns},
                             {"rate_ratio", step.rate_ratio},
                             {"queueing_ns", step.queueing_ns},
                             {"excursion_share", step.excursion_share}});
  }
  for (std::size_t i = 0; i < d.chirps.size() && i < listed_max; i++) {
    const ChirpEstimate& chirp = d.chirps[i];
    json["chirps"].push_back({{"index", chirp.index},
                              {"onset_bps", chirp.onset_bps},
                              {"available_bps", chirp.available_bps}});
  }
  return json;
}

}  // namespace

Json reply_object(const ReplyReport& report) {
  Json json{{"sent", report.sent},
            {"answered", report.answered},
            {"replies", report.replies},
            {"unknown", report.unknown},
            {"impossible", report.impossible},
            {"foreign", report.foreign},
            {"dropped", report.dropped},
            {"overflow", report.overflow},
            {"user_stamps", report.user_stamps},
            {"stateful", nullptr},
            {"loss",
             {{"lost", report.loss.lost},
              {"forward", report.loss.forward},
              {"backward", report.loss.backward},
              {"undetermined", report.loss.undetermined},
              {"periods", report.loss.periods},
              {"longest", report.loss.longest}}},
            {"round_trip", path_json(report.round_trip)},
            {"forward", path_json(report.forward)},
            {"backward", path_json(report.backward)},
            {"residence_ns", quantiles_json(report.residence)},
            {"alignment", alignment_json(report)},
            {"sender_ttl", nullptr},
            {"dispersion", nullptr}};
  if (report.stateful) json["stateful"] = *report.stateful;
  if (report.ttl_min) json["sender_ttl"] = {{"min", *report.ttl_min}, {"max", *report.ttl_max}};
  if (report.dispersion.group == ProbeGroup::pairs) {
    json["dispersion"] = pairs_json(report.dispersion);
  } else if (report.dispersion.group == ProbeGroup::chirp) {
    json["dispersion"] = chirps_json(report.dispersion);
  }
  return json;
}

}  // namespace tscope
