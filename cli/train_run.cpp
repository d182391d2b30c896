// SPDX-License-Identifier: MIT
#include "train_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <optional>

#include "signals.hpp"
#include "tscope/base/error.hpp"
#include "tscope/file/capture_file.hpp"
#include "tscope/probe/reply_collector.hpp"
#include "tscope/report/train.hpp"

namespace {

constexpr std::uint64_t probes_between_statistics = 100'000;

class Sink final : public tscope::TrainSink {
 public:
  Sink(const TrainRun& run, const std::map<std::string, std::string>& facts)
      : statistics_(run.request.plan.size()) {
    if (run.output.empty()) return;
    file_.emplace(run.output, tscope::LinkType::ethernet, facts);
    file_->flush();
  }

  void anchor(const tscope::Anchor& anchor, std::uint32_t tsc_khz) override {
    if (!first_anchor_) first_anchor_ = anchor;
    if (file_) file_->write(anchor, tsc_khz);
  }

  void probe(const tscope::Packet& packet, const tscope::Interface& interface) override {
    const tscope::ProbeResult result = tscope::probe_result(packet.record);
    statistics_.add(result);
    if (result.error == 0) {
      // The time scheduled, in ns, is known when the rate is.
      sent_.push_back({result.index, static_cast<std::int64_t>(result.handed - result.scheduled),
                       packet.time_ns, result.size});
    }
    last_ns_ = std::max(last_ns_, packet.time_ns);
    if (!file_) return;
    file_->write(packet, interface);
    if (++written_ % probes_between_statistics == 0) file_->flush();
  }

  void finish(tscope::TrainReport& report) {
    statistics_.fill(report, report.outcome.clock.tsc_hz);
    if (!file_) return;
    file_->write_statistics(report.outcome.loss, report.outcome.clock, last_ns_);
    file_->flush();
    report.file_bytes = file_->bytes();
  }

  const std::optional<tscope::Anchor>& first_anchor() const { return first_anchor_; }

  std::vector<tscope::SentProbe> take_sent(double tsc_hz) {
    for (tscope::SentProbe& probe : sent_) {
      const double late_ns = static_cast<double>(probe.scheduled_ns) * 1e9 / tsc_hz;
      probe.scheduled_ns = probe.handed_ns - std::llround(late_ns);
    }
    return std::move(sent_);
  }

 private:
  tscope::TrainStatistics statistics_;
  std::vector<tscope::SentProbe> sent_;
  std::optional<tscope::Anchor> first_anchor_;
  std::optional<tscope::CaptureFile> file_;
  std::int64_t last_ns_ = 0;
  std::uint64_t written_ = 0;
};

std::string what_failed(const tscope::TrainReport& report) {
  const int reason = report.outcome.reason;
  if (reason != 0 && reason != ECANCELED) {
    return fmt::format("the train ended before its end ({}); look at ip link, and send it again",
                       std::strerror(reason));
  }
  if (report.outcome.sent > 0 || report.failures.empty()) return "";
  return fmt::format("no probe could be sent: {}; see tscope train --help",
                     std::strerror(report.failures.begin()->first));
}

// After the train: what came back, told apart from silence.
std::optional<tscope::ReplyReport> listen(const TrainRun& run, tscope::ReplyCollector& collector,
                                          Sink& sink, const tscope::TrainOutcome& outcome) {
  if (run.greet) {
    collector.take_leave(static_cast<std::uint32_t>(outcome.sent + outcome.failed));
  }
  const tscope::ReplySet replies = collector.finish(
      std::chrono::duration_cast<std::chrono::milliseconds>(run.wait), sink.first_anchor());
  if (replies.replies.empty() && !run.greet) return std::nullopt;
  tscope::ReplyOptions options = run.replies;
  options.clock_error_ns = outcome.clock.error_ns;
  return tscope::analyse_replies(sink.take_sent(outcome.clock.tsc_hz), replies, options);
}

}  // namespace

void run_train(TrainRun run) {
  const std::atomic<bool>& asked_to_end = catch_signals();
  outlive_closed_pipes();
  const auto train = tscope::open_train(run.engine, run.request);
  auto facts = train->facts();
  facts["schedule"] = run.schedule;
  Sink sink(run, facts);
  fmt::print(stderr, "tscope: sending {} probes ({}) to {} port {} on {} by {}\n",
             run.request.plan.size(), run.schedule, facts["destination"], facts["destination_port"],
             facts["device"],
             run.engine == tscope::TrainEngineKind::kmod ? "the module" : "this process");

  tscope::TrainReport report;
  report.facts = facts;
  report.schedule = run.schedule;
  report.planned = run.request.plan.size();
  report.late_ns = run.request.late_ns;
  report.file = run.output;
  tscope::CollectorOptions listening;
  listening.socket = train->socket();
  tscope::ReplyCollector collector(listening);
  const std::string nobody = fmt::format(
      "nobody listens at {} port {} (ICMP port unreachable): start tscope reflect there",
      facts["destination"], facts["destination_port"]);
  if (run.greet && !collector.greet()) {
    if (collector.refused()) throw tscope::Error(nobody + ", or send without --replies");
    fmt::print(stderr, "tscope: warning: no reflector answers there; sending all the same\n");
  }
  report.outcome = train->run(sink, asked_to_end);
  sink.finish(report);
  run.replies.family = facts["destination"].find(':') == std::string::npos ? 4 : 6;
  report.replies = listen(run, collector, sink, report.outcome);
  const bool answered = report.replies && report.replies->answered > 0;
  if (!answered && (collector.refused() || report.outcome.refused)) {
    report.outcome.notes.push_back(nobody);
  }
  if (run.json) {
    fmt::print("{}\n", tscope::train_json(report));
  } else {
    fmt::print(stderr, "{}", tscope::train_text(report));
  }
  if (const std::string failed = what_failed(report); !failed.empty()) throw tscope::Error(failed);
}
