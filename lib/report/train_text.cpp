// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <cstring>

#include "report/text.hpp"
#include "tscope/base/units.hpp"
#include "tscope/probe/train_measurement.hpp"
#include "tscope/report/replies.hpp"
#include "tscope/report/train.hpp"

namespace tscope {

namespace {

std::string fact(const TrainReport& report, const char* key) {
  const auto found = report.facts.find(key);
  return found == report.facts.end() ? "" : found->second;
}

std::string row(const char* name, const TrainQuantiles& quantiles) {
  std::string text = padded(name, 14);
  for (const std::int64_t ns : {quantiles.p50, quantiles.p90, quantiles.p99, quantiles.max}) {
    text += fmt::format("{:>12}", format_duration(ns));
  }
  return text + "\n";
}

std::string why_ended(const TrainReport& report) {
  const TrainOutcome& outcome = report.outcome;
  if (outcome.left == 0) return "";
  return fmt::format("{} had no turn: {}\n", counted(outcome.left, "probe"),
                     train_end_reason(outcome.reason));
}

std::string marks(const TrainReport& report) {
  const TrainOutcome& outcome = report.outcome;
  std::string text =
      fmt::format("{} late (by more than {}, {})", outcome.late, format_duration(report.late_ns),
                  percent_of(outcome.late, outcome.sent, 2));
  text += fmt::format(", {} contended, {} by timer", outcome.contended, outcome.timer);
  if (outcome.expired > 0) text += fmt::format(", {} dropped by the qdisc", outcome.expired);
  return text + "\n";
}

}  // namespace

std::string train_text(const TrainReport& report) {
  const TrainOutcome& outcome = report.outcome;
  std::string text =
      fmt::format("{} of {} sent in {:.2f} s, {} failed\n", outcome.sent,
                  counted(report.planned, "probe"), outcome.elapsed_s, outcome.failed);
  text += why_ended(report);
  for (const auto& [error, count] : report.failures) {
    text += fmt::format("{} failed: {}\n", counted(count, "probe"), std::strerror(error));
  }
  text += marks(report);
  if (report.recorded < outcome.sent) {
    text += fmt::format("the records of {} are lost; what follows is of the others\n",
                        counted(outcome.sent - report.recorded, "probe"));
  }
  text += fmt::format("\n{:<14}{:>12}{:>12}{:>12}{:>12}\n", "", "p50", "p90", "p99", "max");
  text += row("lateness", report.lateness);
  text += row("spin error", report.spin_error);
  text += row("gap error", report.gap_error);
  const double elapsed = outcome.elapsed_s > 0 ? outcome.elapsed_s : 1;
  text += fmt::format(
      "\nCPU {}: busy {}, of it spinning {}; woken {} early; stamps right before the "
      "{}, "
      "within {} of the clock\n",
      fact(report, "cpu_sending"), percent(outcome.busy_s / elapsed),
      percent(outcome.spin_s / elapsed),
      format_duration(static_cast<std::int64_t>(outcome.lead_ns)),
      fact(report, "hand_over") + (fact(report, "hand_over") == "send call" ? "" : " is called"),
      format_duration(outcome.clock.error_ns));
  for (const std::string& note : outcome.notes) text += fmt::format("note: {}\n", note);
  if (report.replies) text += "\n" + reply_text(*report.replies);
  if (!report.file.empty() && report.file != "-") {
    text +=
        fmt::format("{} ({}); next: tshark -d udp.port=={},twamp.test -r {}\n", report.file,
                    format_bytes(report.file_bytes), fact(report, "destination_port"), report.file);
  }
  return text;
}

}  // namespace tscope
