// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tscope/align/alignment.hpp"
#include "tscope/analysis/ack_report.hpp"
#include "tscope/analysis/two_captures.hpp"

namespace tscope {

struct AcksBetweenOptions : TwoCapturesOptions {
  AckOptions acks;
};

/// A compression event, at the first vantage point and at the second.
struct CompressionEvent {
  struct Place {
    std::int64_t from_ns = 0, to_ns = 0;     ///< by the file's own clock
    std::array<std::uint64_t, 2> packets{};  ///< Packet::number of the first and the last ACK
  };
  std::array<Place, 2> at;
  std::uint64_t acks = 0;
  double xi = 0;
};

/// Runs of at least three ACKs with xi = (dTr + Cr) / (dTs - Cs) < 0.75 (V. Paxson, "End-to-End
/// Internet Packet Dynamics", 1997): dTs, dTr the run's span at the first and the second vantage
/// point, Cs, Cr the resolutions of their clocks.
struct CompressionEvents {
  std::uint64_t events = 0;
  std::uint64_t acks = 0;  ///< in events
  std::uint64_t longest = 0;
  double xi_p50 = 0;
  std::vector<CompressionEvent> list;  ///< in order, where AckOptions::events asks for them
  std::uint64_t left_out = 0;          ///< further ones, beyond the bound on memory
};

/// ACKs that were apart by τ/2 or more at the first vantage point and by less than τ/4 at the
/// second, one behind the other.
struct AckBatches {
  struct Size {
    std::uint64_t acks = 0;
    std::uint64_t count = 0;
  };
  std::uint64_t count = 0;
  std::uint64_t acks = 0;
  std::vector<Size> sizes;  ///< in ascending order; the last one holds all above it
};

/// Where the compression events between the first vantage point and the last in the second's
/// machine arose: in the stage that took most off the run's span.
struct CompressionOrigin {
  Interface last;               ///< events are those from the first vantage point to here
  std::uint64_t events = 0;     ///< the sum of the following
  std::uint64_t between = 0;    ///< first vantage point to the driver, over several NAPI polls
  std::uint64_t one_poll = 0;   ///< there too, and the driver got all of the run in one NAPI poll
  std::uint64_t in_kernel = 0;  ///< driver to the last vantage point
};

/// The ACKs of one direction of one flow at the vantage points that lie nearest each other in two
/// captures.
struct AcksBetween {
  Flow flow;
  CapturePoint first, second;      ///< in the order in which the ACKs pass
  bool direction_assumed = false;  ///< nothing told which comes first
  std::uint64_t matched = 0;
  /// While both captures saw the flow: seen at the one only. Those inside a merged record do not
  /// count.
  std::array<std::uint64_t, 2> unmatched{};
  std::array<std::uint64_t, 2> outside{};  ///< before or after the time that both saw
  std::array<std::uint64_t, 2> copies{};   ///< of packets that a file has more than once: left out
  std::uint64_t merged = 0;                ///< of the first, inside a merged record at the second
  double rate_bps = 0;                     ///< of the bottleneck, one for both; 0: unknown
  std::int64_t segment_time_ns = 0;        ///< one τ for both; 0: unknown
  std::uint64_t gaps = 0;                  ///< between consecutive matched ACKs that deliver data
  PairShares shares;          ///< compressed ones among them, at each: below ¾ of the service time
  PairShares at_065, at_085;  ///< with 0.65 and 0.85 instead of ¾
  std::vector<Withheld> withheld;  ///< why there is no verdict; empty if there is one
  CompressionEvents xi;
  double gap_ratio_p10 = 0, gap_ratio_p50 = 0, gap_ratio_p90 = 0;  ///< gap at second / gap at first
  std::uint64_t delays = 0;                                        ///< that the following are of
  std::int64_t added_p50_ns = 0, added_p99_ns = 0, added_max_ns = 0;
  std::uint64_t negative = 0;   ///< second before first after alignment: counted, not averaged in
  std::uint64_t unaligned = 0;  ///< within a step's uncertainty: no delay can be told
  std::optional<AckBatches> batches;  ///< nothing without τ
  std::optional<CompressionOrigin>
      origin;                           ///< nothing without a NAPI poll or a later vantage point
  AckDistribution at_first, at_second;  ///< of all the ACKs that each saw, same τ
};

struct AcksBetweenReport {
  std::array<std::string, 2> files;  ///< in the order taken: see swapped
  std::array<AckReport, 2> reports;  ///< of each file alone
  bool swapped = false;              ///< the files were given the other way round
  std::string why_swapped;
  std::uint64_t common_packets = 0;  ///< matched, data and ACKs of both directions
  Alignment alignment;
  std::string alignment_note;      ///< what limits it; "" if nothing does
  std::vector<AcksBetween> flows;  ///< most matched ACKs first
  std::string why_nothing;         ///< "" if there are flows
  bool has_events = false;         ///< AckOptions::events asked for them
};

/// Reads both captures, matches the packets, aligns the clocks, and compares the ACKs. Memory is
/// bounded by the number of flows, by what PacketMatcher keeps waiting and by a sample of 65,536
/// packets a file.
///
/// Throws UsageError for a pipe (the files are read three times) and for one file given twice,
/// Error for two copies of one capture and where an alignment that was asked for can't be had.
/// Captures with no packet in common give a report without flows that says why.
AcksBetweenReport acks_between(const std::string& first, const std::string& second,
                               const AcksBetweenOptions& options);

/// One sentence from the figures alone: where between the captures the compression arose.
std::string acks_between_verdict(const AcksBetween& pair, const AcksBetweenReport& report);

}  // namespace tscope
