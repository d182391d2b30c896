// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <string>

#include "tscope/analysis/replies.hpp"
#include "tscope/probe/train_report.hpp"
#include "tscope/probe/train_run.hpp"

namespace tscope {

/// A train and what is to be done with it.
struct TrainMeasurement {
  TrainEngineKind engine = TrainEngineKind::user;
  TrainRequest request;
  std::string schedule;  ///< the plan in words, for file and report
  std::string output;    ///< pcapng file for the probes, "-" for standard output; "" for none
  /// Greet the reflector before and after the train, so that each loss has a direction.
  bool greet = false;
  std::chrono::nanoseconds wait{};  ///< for replies, after the last one
  ReplyOptions replies;             ///< family and clock error are filled in
};

/// Is told what a measurement does, in the thread that runs it.
class TrainWatcher {
 public:
  virtual ~TrainWatcher() = default;
  /// All is ready for the train. facts: Train::facts().
  virtual void ready(const std::map<std::string, std::string>& /*facts*/) {}
  /// Nothing answered the greeting; the train is sent all the same.
  virtual void unanswered() {}
};

/// Sends a train, takes in the replies meanwhile, writes the file and analyses both. Ends early,
/// with a report of what was sent, a little after `stop` became true.
///
/// Throws Error or UsageError if the train can't be sent, if ICMP says to the greeting that nobody
/// listens there, or if the file takes no more.
TrainReport measure_train(TrainMeasurement measurement, TrainWatcher& watcher,
                          const std::atomic<bool>& stop);

/// Says why a train ended before its end, for an outcome's `reason`.
std::string train_end_reason(int reason);

/// Returns why a train failed and what to do about it; "" if it was sent, or was asked to end.
std::string train_failure(const TrainReport& report);

}  // namespace tscope
