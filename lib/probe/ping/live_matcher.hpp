// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <memory>

#include "probe/ping/book.hpp"
#include "probe/ping/live_stamps.hpp"
#include "probe/ping/prober.hpp"
#include "tscope/probe/ping.hpp"

namespace tscope {

/// Finds among a live engine's stamps those of the run's probes and answers.
class LiveMatcher {
 public:
  LiveMatcher(std::unique_ptr<LiveSource> source, PingProtocol protocol, std::uint16_t id)
      : stamps_(std::move(source), protocol, id) {}

  /// Takes what came since the last call: stamps of probes go into the book, those of what may be
  /// answers wait for add_answer().
  void take(const Prober& prober, PingBook& book);
  /// Adds the stamps of its answer to an entry that has a reply.
  void add_answer(PingBook::Entry& entry) const;

  /// Everything before has been taken in.
  std::int64_t watermark_ns() const { return stamps_.watermark_ns(); }
  /// Ends the engine; returns the records that were lost. What came is there for take().
  std::uint64_t finish() { return stamps_.finish(); }

 private:
  LiveStamps stamps_;
  std::deque<LiveStamp> answers_;  // at the receive vantage points, newest last
};

/// Opens an engine beside the prober and says in `abilities` what stamps, and what is lacking.
/// Returns nothing if there is none.
std::unique_ptr<LiveMatcher> open_live_matcher(const PingEngine& engine, const PingOptions& options,
                                               const PingTarget& target, const Prober& prober,
                                               PingAbilities& abilities);

}  // namespace tscope
