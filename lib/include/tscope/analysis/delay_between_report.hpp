// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tscope/align/alignment.hpp"
#include "tscope/analysis/delay_report.hpp"
#include "tscope/analysis/two_captures.hpp"

namespace tscope {

struct DelayBetweenOptions : TwoCapturesOptions {
  DelayOptions delay;
};

/// Packets of one kind on their way through the machine that sends them, from its last vantage
/// point to the first of the other machine, and on through that one: those found at every vantage
/// point of that way which the captures have. Stages within a machine are by its own clock, the one
/// between by the second file's clock aligned with the first's. Stage sums add up to the total's.
struct DelayBetweenChain {
  CapturePoint from, to;  ///< the stage between the captures
  /// What the packets are to the capture that they leave, and to the one that they reach; nothing
  /// where that capture has but one vantage point of their way.
  std::array<std::optional<PacketKind>, 2> kinds;
  std::uint64_t packets = 0;   ///< records at the first capture's last vantage point
  std::uint64_t segments = 0;  ///< wire segments in them
  /// In no figure, each packet counted once, in this order:
  std::uint64_t inconsistent = 0;  ///< as in DelayChain
  std::uint64_t negative = 0;      ///< a stage within a machine below zero
  std::uint64_t unaligned = 0;     ///< within a clock step's uncertainty
  std::uint64_t before = 0;  ///< `to` before `from` by more than the alignment's error can be,
                             ///< or where that is unknown
  std::uint64_t before_within_error = 0;  ///< by no more than that
  std::vector<DelayStage> stages;
  std::size_t between = 0;  ///< index of the stage between: those before are of from.file
  DelayStage total;
};

/// Packets of all kinds between two vantage points.
struct DelayBetweenCounts {
  CapturePoint from, to;
  std::uint64_t matched = 0;
  std::uint64_t incomplete = 0;  ///< of these, not found at every vantage point of their machines
  /// While both captures saw the flow: at the one only. What was cut or merged on the way is found
  /// by its first byte, the rest counts here.
  std::array<std::uint64_t, 2> unmatched{};
  std::array<std::uint64_t, 2> outside{};  ///< before or after the time that both saw
  std::array<std::uint64_t, 2> copies{};   ///< of packets that a file has more than once: left out
};

struct DelayBetweenReport {
  std::array<std::string, 2> files;    ///< in the order taken: see swapped
  std::array<DelayReport, 2> reports;  ///< of each file alone
  bool swapped = false;
  std::string why_swapped;
  std::uint64_t common_packets = 0;
  Alignment alignment;
  std::string alignment_note;
  std::vector<DelayBetweenChain> chains;  ///< most packets first
  std::vector<DelayBetweenCounts> counts;
  std::string why_nothing;  ///< "" if there are chains
};

/// Reads both captures, finds the same packets as acks_between() does (TCP, UDP and ICMP
/// echoes), aligns the clocks, and joins what DelayAnalysis tells of each. Memory is bounded.
/// Throws as acks_between() does.
DelayBetweenReport delays_between(const std::string& first, const std::string& second,
                                  const DelayBetweenOptions& options);

}  // namespace tscope
