// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tscope/analysis/replies.hpp"
#include "tscope/probe/train_run.hpp"

namespace tscope {

/// Quantiles by nearest rank: the smallest sample that a share of the samples does not exceed.
struct TrainQuantiles {
  std::uint64_t count = 0;
  std::int64_t p50 = 0, p90 = 0, p99 = 0, max = 0;  ///< ns; 0 without samples
};

/// How well a train kept its times.
struct TrainReport {
  std::map<std::string, std::string> facts;  ///< Train::facts()
  std::string schedule;
  std::uint64_t planned = 0;
  std::int64_t late_ns = 0;  ///< allowed
  TrainOutcome outcome;
  std::uint64_t recorded = 0;  ///< probes sent whose record arrived: what follows is of these
  TrainQuantiles lateness;     ///< handed - scheduled
  TrainQuantiles spin_error;   ///< spun - scheduled
  TrainQuantiles gap_error;    ///< |(handed - handed') - (scheduled - scheduled')| of neighbours
  std::map<int, std::uint64_t> failures;  ///< errno -> probes
  std::optional<ReplyReport> replies;     ///< nothing if nobody answered
  std::string file;                       ///< "" for none
  std::uint64_t file_bytes = 0;
};

/// Collects probes for a report: 24 bytes a planned probe.
class TrainStatistics {
 public:
  explicit TrainStatistics(std::uint64_t planned);
  void add(const ProbeResult& probe);
  /// Fills recorded, the quantiles and failures. tsc_hz: ticks a second.
  void fill(TrainReport& report, double tsc_hz) const;

 private:
  struct Kept {
    std::uint64_t scheduled = 0;  // 0: no record, or not sent
    std::uint64_t handed = 0;
    std::int64_t spin_error = 0;
  };
  std::vector<Kept> probes_;
  std::map<int, std::uint64_t> failures_;
};

}  // namespace tscope
