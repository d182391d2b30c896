// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "probe/train/recorder.hpp"
#include "tscope/base/error.hpp"
#include "tscope/probe/reply_collector.hpp"
#include "tscope/probe/train_measurement.hpp"

namespace tscope {

namespace {

// After the train: what came back, told apart from silence.
std::optional<ReplyReport> listen(const TrainMeasurement& measurement, ReplyCollector& collector,
                                  TrainRecorder& recorder, const TrainOutcome& outcome) {
  if (measurement.greet) {
    collector.take_leave(static_cast<std::uint32_t>(outcome.sent + outcome.failed));
  }
  const ReplySet replies =
      collector.finish(std::chrono::duration_cast<std::chrono::milliseconds>(measurement.wait),
                       recorder.first_anchor());
  if (replies.replies.empty() && !measurement.greet) return std::nullopt;
  ReplyOptions options = measurement.replies;
  options.clock_error_ns = outcome.clock.error_ns;
  return analyse_replies(recorder.take_sent(outcome.clock.tsc_hz), replies, options);
}

}  // namespace

TrainReport measure_train(TrainMeasurement measurement, TrainWatcher& watcher,
                          const std::atomic<bool>& stop) {
  const auto train = open_train(measurement.engine, measurement.request);
  auto facts = train->facts();
  facts["schedule"] = measurement.schedule;
  const std::string& destination = facts["destination"];
  measurement.replies.family = destination.find(':') == std::string::npos ? 4 : 6;
  const std::uint64_t planned = measurement.request.plan.size();
  TrainRecorder recorder(planned, measurement.output, facts);
  watcher.ready(facts);

  TrainReport report;
  report.facts = facts;
  report.schedule = measurement.schedule;
  report.planned = planned;
  report.late_ns = measurement.request.late_ns;
  report.file = measurement.output;
  CollectorOptions listening;
  listening.socket = train->socket();
  ReplyCollector collector(listening);
  const std::string nobody = fmt::format(
      "nobody listens at {} port {} (ICMP port unreachable): start tscope reflect there",
      destination, facts["destination_port"]);
  if (measurement.greet && !collector.greet()) {
    if (collector.refused()) throw Error(nobody + ", or send without --replies");
    watcher.unanswered();
  }
  report.outcome = train->run(recorder, stop);
  recorder.finish(report);
  report.replies = listen(measurement, collector, recorder, report.outcome);
  const bool answered = report.replies && report.replies->answered > 0;
  if (!answered && (collector.refused() || report.outcome.refused)) {
    report.outcome.notes.push_back(nobody);
  }
  return report;
}

std::string train_end_reason(int reason) {
  switch (reason) {
    case ECANCELED:
      return "it was ended";
    case ENODEV:
      return "the interface or its namespace is gone";
    case EHOSTDOWN:
      return "its CPU went off line";
    case ESHUTDOWN:
      return "the machine went to sleep";
    default:
      return std::strerror(reason);
  }
}

std::string train_failure(const TrainReport& report) {
  const int reason = report.outcome.reason;
  if (reason != 0 && reason != ECANCELED) {
    return fmt::format("the train ended before its end ({}); send it again when it is back",
                       train_end_reason(reason));
  }
  if (report.outcome.sent > 0 || report.failures.empty()) return "";
  return fmt::format("no probe could be sent: {}; see tscope train --help",
                     std::strerror(report.failures.begin()->first));
}

}  // namespace tscope
