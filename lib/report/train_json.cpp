// SPDX-License-Identifier: MIT
#include <cstring>
#include <nlohmann/json.hpp>

#include "report/replies_json.hpp"
#include "tscope/report/train.hpp"

namespace tscope {

namespace {

using Json = nlohmann::ordered_json;

Json quantiles_json(const TrainQuantiles& quantiles) {
  return {{"count", quantiles.count},
          {"p50", quantiles.p50},
          {"p90", quantiles.p90},
          {"p99", quantiles.p99},
          {"max", quantiles.max}};
}

double share(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

}  // namespace

std::string train_json(const TrainReport& report) {
  const TrainOutcome& outcome = report.outcome;
  Json json;
  json["schema"] = "tscope-train-1";
  json["tool"] = {{"name", "tscope"}, {"version", TSCOPE_VERSION}};
  json["schedule"] = report.schedule;
  json["planned"] = report.planned;
  json["sent"] = outcome.sent;
  json["failed"] = outcome.failed;
  json["left"] = outcome.left;
  json["ended_by"] = outcome.reason == 0 ? Json(nullptr) : Json(std::strerror(outcome.reason));
  json["failures"] = Json::array();
  for (const auto& [error, count] : report.failures) {
    json["failures"].push_back(
        {{"errno", error}, {"reason", std::strerror(error)}, {"probes", count}});
  }
  json["late"] = outcome.late;
  json["late_share"] = share(static_cast<double>(outcome.late), static_cast<double>(outcome.sent));
  json["late_allowed_ns"] = report.late_ns;
  json["contended"] = outcome.contended;
  json["timer"] = outcome.timer;
  json["expired"] = outcome.expired;
  json["recorded"] = report.recorded;
  json["lateness_ns"] = quantiles_json(report.lateness);
  json["spin_error_ns"] = quantiles_json(report.spin_error);
  json["gap_error_ns"] = quantiles_json(report.gap_error);
  json["lead_ns"] = outcome.lead_ns;
  json["elapsed_s"] = outcome.elapsed_s;
  json["cpu"] = {{"busy_s", outcome.busy_s},
                 {"spin_s", outcome.spin_s},
                 {"busy_share", share(outcome.busy_s, outcome.elapsed_s)},
                 {"spin_share", share(outcome.spin_s, outcome.elapsed_s)}};
  json["clock"] = {{"source", outcome.clock.source},
                   {"error_ns", outcome.clock.error_ns},
                   {"tsc_hz", outcome.clock.tsc_hz},
                   {"steps", outcome.clock.steps}};
  json["loss"] = {{"lost", outcome.loss.lost()}, {"late", outcome.loss.late}};
  json["notes"] = outcome.notes;
  json["facts"] = report.facts;
  json["replies"] = report.replies ? reply_object(*report.replies) : Json(nullptr);
  json["file"] = report.file.empty() ? Json(nullptr) : Json(report.file);
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace tscope
