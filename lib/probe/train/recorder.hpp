// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tscope/analysis/replies.hpp"
#include "tscope/file/capture_file.hpp"
#include "tscope/probe/train_report.hpp"
#include "tscope/probe/train_run.hpp"

namespace tscope {

/// Keeps what a train says: for its report, for the analysis of replies, and in a file.
class TrainRecorder final : public TrainSink {
 public:
  /// planned: probes; output: "" for no file, else it is created, with the facts. Throws Error.
  TrainRecorder(std::uint64_t planned, const std::string& output,
                const std::map<std::string, std::string>& facts);

  void anchor(const Anchor& anchor, std::uint32_t tsc_khz) override;
  void probe(const Packet& packet, const Interface& interface) override;

  /// Fills in what the probes came to and ends the file. report.outcome is there already.
  void finish(TrainReport& report);

  const std::optional<Anchor>& first_anchor() const { return first_anchor_; }

  /// Returns the probes that were handed over; once only.
  std::vector<SentProbe> take_sent(double tsc_hz);

 private:
  TrainStatistics statistics_;
  std::vector<SentProbe> sent_;  // scheduled_ns: ticks of lateness, until the clock's rate is known
  std::optional<Anchor> first_anchor_;
  std::optional<CaptureFile> file_;
  std::int64_t last_ns_ = 0;
  std::uint64_t written_ = 0;
};

}  // namespace tscope
