// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>

#include "analysis/acks/passed_gaps.hpp"
#include "analysis/acks_between/events.hpp"
#include "analysis/two_captures/coverage.hpp"
#include "analysis/two_captures/packet_stamp.hpp"
#include "analysis/two_captures/plan.hpp"
#include "tscope/analysis/acks_between_report.hpp"
#include "tscope/base/histogram.hpp"

namespace tscope {

/// What gaps are held against, for both captures.
struct PairScale {
  double rate_bps = 0;
  std::int64_t segment_time_ns = 0;
  std::uint32_t overhead = 0;  ///< on-wire bytes of a segment below its IP header
};

/// Compares the matched ACKs of one flow's direction.
class FlowStats {
 public:
  /// coverage and resolution by file; scale: 0 where unknown.
  FlowStats(const FlowPlan& plan, std::array<Coverage, 2> coverage,
            std::array<std::int64_t, 2> resolution_ns, const PairScale& scale);

  /// Keeps a list of the compression events.
  void keep_events() { to_second_.keep_events(); }

  /// By file; the offset is the second file's clock less the first's, nothing if unknown there.
  void match(const PacketStamp& first, const PacketStamp& second,
             std::optional<std::int64_t> offset_ns);
  void missing(std::size_t file, const PacketStamp& packet);
  /// Once more in the file.
  void copy(std::size_t file) { result_.copies[place(file)]++; }
  /// Stamped at the plan's last vantage point.
  void arrived(const PacketStamp& packet, std::optional<std::int64_t> offset_ns);

  AcksBetween finish();

 private:
  // Enough for what passes each other between two vantage points of one machine.
  static constexpr std::size_t held_max = 256, early_max = 64;

  struct Held {
    PacketStamp from, into;  // in the order of the way, times aligned
    std::optional<std::int64_t> last_ns;
    bool aligned = true;
  };

  std::size_t place(std::size_t file) const { return file == plan_.into() ? 1 : 0; }
  void emit(const Held& held);
  void align(PacketStamp& packet, std::size_t file, std::int64_t offset_ns) const;

  const FlowPlan& plan_;
  std::array<Coverage, 2> coverage_;
  PairScale scale_;
  std::deque<Held> held_;          // by the second stamp
  std::deque<PacketStamp> early_;  // at the last vantage point, not matched yet
  std::optional<Held> previous_;
  AcksBetween result_;
  PassedGaps passed_;
  Histogram added_, ratio_;  // ratio in thousandths
  CompressionRuns to_second_, to_last_;
  BatchFinder batches_;
  bool any_poll_ = false, any_last_ = false;
};

}  // namespace tscope
