// SPDX-License-Identifier: MIT
#include "capture_run.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "signals.hpp"
#include "tscope/base/error.hpp"
#include "tscope/base/units.hpp"
#include "tscope/file/capture_file.hpp"
#include "tscope/live/capture.hpp"
#include "tscope/live/nic_devices.hpp"
#include "tscope/record/protocol_names.hpp"
#include "tscope/report/capture.hpp"

namespace {

std::string describe(const CaptureRun& run) {
  const auto& filter = run.source.filter;
  std::string text;
  for (const auto& [protocol, name] : tscope::protocol_names) {
    if ((filter.protocols & static_cast<unsigned>(protocol)) == 0) continue;
    text += fmt::format("{}{}", text.empty() ? "" : ",", name);
  }
  if (filter.port != 0) {
    text += fmt::format("{} port {}",
                        filter.port_side == TSCOPE_PORT_SOURCE        ? " src"
                        : filter.port_side == TSCOPE_PORT_DESTINATION ? " dst"
                                                                      : "",
                        filter.port);
  }
  if (!filter.address.empty()) text += fmt::format(" and net {}", filter.address);
  if (!filter.device.empty()) text += fmt::format(" on {}", filter.device);
  return text;
}

std::string vantage_list(const CaptureRun& run) {
  std::string text;
  for (const tscope::Vantage vantage : run.source.vantages) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ", tscope::vantage_name(vantage));
  }
  return text;
}

bool of_device(const tscope::NicDevice& nic, const std::string& device) {
  return device.empty() || device == nic.name;
}

// Switching it on would change what every other program on this machine sees: that is the user's.
void warn_of_idle_nics(const tscope::CaptureOptions& options) {
  const auto asks = [&](tscope::Vantage vantage) {
    return std::ranges::find(options.vantages, vantage) != options.vantages.end();
  };
  const bool rx = asks(tscope::Vantage::hw_rx), tx = asks(tscope::Vantage::hw_tx);
  if (!rx && !tx) return;
  for (const tscope::NicDevice& nic : tscope::nic_devices()) {
    const bool off = (rx && nic.rx_on == false) || (tx && nic.tx_on == false);
    if (!off || !of_device(nic, options.filter.device)) continue;
    fmt::print(stderr, "tscope: warning: {} does not stamp now; to let it: {}\n", nic.name,
               tscope::nic_switch_on(nic));
  }
}

std::string limits_text(const CaptureRun& run) {
  if (run.limits.duration) {
    return fmt::format(" for {}", tscope::format_duration(run.limits.duration->count()));
  }
  return run.limits.records != 0 ? fmt::format(" until {} records", run.limits.records)
                                 : ", ^C ends it";
}

/// Tells people what goes on, and counts.
class Watcher final : public tscope::CaptureWatcher {
 public:
  Watcher(const CaptureRun& run, const tscope::LiveSource& source)
      : run_(run), source_(source), engine_(engine_text(source.facts())) {
    summary_.file = run.output;
    summary_.asked = run.source.vantages;
    summary_.protocols_asked = run.source.filter.protocols;
  }

  void began() override {
    fmt::print(stderr, "tscope: capturing {} at {} by {} into {}{}\n", describe(run_),
               vantage_list(run_), engine_, run_.output == "-" ? "standard output" : run_.output,
               limits_text(run_));
    tscope::run_in(run_.source.netns.get(), [&] { warn_of_idle_nics(run_.source); });
    warn(tscope::blind_spots(run_.source));
    warn(source_.warnings());
  }

  void packet(const tscope::Packet& packet) override { summary_.add(packet); }

  void progress(const tscope::CaptureProgress& now) override {
    if (!terminal_) return;
    fmt::print(stderr, "\r{:6.0f} s {:>12} records {:>9.0f}/s  lost {}  late {}  {}   ",
               now.elapsed.count(), now.records, now.records_per_second, now.loss.lost(),
               now.loss.late, tscope::format_bytes(now.bytes));
    progress_shown_ = true;
  }

  void end_progress() const {
    if (progress_shown_) fmt::print(stderr, "\n");
  }

  /// What the capture came to know on its way.
  void warn_at_end(const tscope::CaptureOutcome& outcome) { warn(outcome.warnings); }

  tscope::CaptureSummary summary(tscope::CaptureOutcome outcome) const {
    tscope::CaptureSummary summary = summary_;
    summary.outcome = std::move(outcome);
    return summary;
  }

 private:
  void warn(const std::vector<std::string>& sentences) {
    for (const std::string& sentence : sentences) {
      if (told_.insert(sentence).second) fmt::print(stderr, "tscope: warning: {}\n", sentence);
    }
  }

  const CaptureRun& run_;
  const tscope::LiveSource& source_;
  std::string engine_;
  std::set<std::string> told_;
  tscope::CaptureSummary summary_;
  const bool terminal_ = isatty(STDERR_FILENO) == 1;
  bool progress_shown_ = false;
};

std::map<std::string, std::string> facts(const CaptureRun& run, const tscope::LiveSource& source) {
  auto facts = source.facts();
  facts["filter"] = describe(run);
  facts["vantage_points"] = vantage_list(run);
  return facts;
}

void print(const CaptureRun& run, const tscope::CaptureSummary& summary) {
  if (summary.outcome.netns_gone) {
    fmt::print(stderr,
               "tscope: warning: the network namespace went away, so the capture ended; what it "
               "sent until then is saved\n");
  }
  if (run.json) {
    fmt::print("{}\n", tscope::capture_json(summary));
  } else {
    fmt::print(stderr, "{}", tscope::capture_text(summary));
  }
}

}  // namespace

void run_capture(CaptureRun run) {
  const std::atomic<bool>& asked_to_end = catch_signals();
  outlive_closed_pipes();
  const auto source = open_engine(run.engine, run.source, run.vantages_given);
  tscope::CaptureFile file(run.output, tscope::capture_link_type(run.source), facts(run, *source));
  Watcher watcher(run, *source);
  try {
    tscope::CaptureOutcome outcome =
        tscope::capture(*source, file, run.limits, watcher, asked_to_end);
    watcher.end_progress();
    watcher.warn_at_end(outcome);
    print(run, watcher.summary(std::move(outcome)));
  } catch (const tscope::Error&) {
    // No summary: it would count what never reached the file.
    watcher.end_progress();
    throw;
  }
}
