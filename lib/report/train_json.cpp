// SPDX-License-Identifier: MIT
#include <cstring>

#include "report/replies_json.hpp"
#include "report/source_json.hpp"
#include "tscope/report/train.hpp"

namespace tscope {

namespace {

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
  Json json = report_head("tscope-train-1");
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
  json["clock"] = live_clock_object(outcome.clock);
  json["loss"] = {{"lost", outcome.loss.lost()}, {"late", outcome.loss.late}};
  json["notes"] = outcome.notes;
  json["facts"] = report.facts;
  json["replies"] = report.replies ? reply_object(*report.replies) : Json(nullptr);
  json["file"] = report.file.empty() ? Json(nullptr) : Json(report.file);
  return json_text(json);
}

}  // namespace tscope
