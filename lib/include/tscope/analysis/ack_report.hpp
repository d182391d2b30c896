// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tscope/record/headers.hpp"
#include "tscope/record/packet.hpp"
#include "tscope/record/source.hpp"

namespace tscope {

struct AckOptions {
  std::optional<double> link_rate_bps;  ///< gives the segment time; else it is inferred
  std::uint32_t mtu =
      1500;  ///< on-wire bytes of a segment: mtu + 38 (Ethernet header, FCS, preamble, gap)
  std::optional<std::int64_t> bin_ns;  ///< histogram bin; default a twelfth of the segment time
  std::optional<std::string> flow;     ///< keep only flows with this text in "src > dst"
  bool advancing_only = false;         ///< only ACKs that advance the cumulative ACK
};

struct AckMode {
  std::int64_t at_ns = 0;  ///< mean of its bin
  double multiple = 0;     ///< at_ns / segment time
  double share = 0;        ///< of all gaps, in its bin
};

struct HistogramBin {
  std::int64_t from_ns = 0;
  std::int64_t to_ns = 0;  ///< exclusive
  std::uint64_t count = 0;
};

/// One direction of one flow at one vantage point of one device.
struct AckDistribution {
  Interface interface;
  std::uint64_t acks = 0;
  std::uint64_t lost = 0;  ///< records the capture lost at this vantage point
  std::uint64_t gaps = 0;  ///< acks - 1, less those across a record marked late or a new connection
  std::int64_t segment_time_ns = 0;      ///< τ; 0: could not be told
  std::string segment_time_source;       ///< "link-rate", "first-mode" or "none"
  std::uint64_t compressed = 0;          ///< gaps strictly below τ
  double compressed_share = 0;           ///< compressed / gaps
  double share_low = 0, share_high = 0;  ///< its 95 % confidence interval (Wilson 1927)
  std::int64_t p50_ns = 0, p90_ns = 0, p99_ns = 0, max_ns = 0;
  std::vector<AckMode> modes;         ///< local maxima, largest first
  std::optional<AckMode> mode_below;  ///< the largest below τ
  std::vector<HistogramBin> histogram;
  std::vector<HistogramBin> cdf_below;  ///< cumulative counts at twelfths of τ up to τ
  // What the kernel itself merged or bunched, told apart from the network's compression.
  std::uint64_t merged_records = 0;   ///< ACK records that stand for more than one segment
  std::uint64_t merged_segments = 0;  ///< segments in them
  std::uint64_t same_poll_gaps =
      0;  ///< gaps within one NAPI poll (both stamped in softirq, same CPU and poll)
  std::uint64_t unknown_poll_gaps = 0;  ///< gaps that may or may not: received while busy polling
};

/// The same ACKs at two vantage points of one file, in the order a packet passes them.
struct AckStage {
  Interface first;
  Interface second;
  std::uint64_t matched = 0;
  std::uint64_t only_first = 0;  ///< not seen at the second, merges not counted
  std::uint64_t only_second = 0;
  std::uint64_t merged = 0;                  ///< of the first, inside a merged record at the second
  double share_first = 0, share_second = 0;  ///< below τ among gaps of consecutive matched ACKs
  std::int64_t added_p50_ns = 0, added_p99_ns = 0,
               added_max_ns = 0;  ///< second stamp - first stamp
  std::uint64_t negative = 0;     ///< second before first: counted, not averaged in
  double gap_ratio_p50 = 0;       ///< gap at second / gap at first, median over gaps > 0
};

/// Why no verdict is given on a flow.
struct Withheld {
  std::string code;  ///< for programs, such as "coarse-clock"; docs/ack-report.md lists them
  std::string why;   ///< for people: a clause that follows "Can't tell: "
};

struct AckFlow {
  Flow flow;                                    ///< the ACKs' own direction
  std::vector<AckDistribution> vantage_points;  ///< in the order in which its ACKs passed them
  std::vector<AckStage> stages;
  std::vector<Withheld> withheld;  ///< why there is no verdict; empty if there is one
};

struct AckReport {
  std::vector<AckFlow> flows;         ///< most ACKs first
  std::uint64_t records = 0;          ///< all that the source delivered
  std::uint64_t calls = 0;            ///< of these at app-rx, app-tx and session: no segments
  std::uint64_t packets = 0;          ///< TCP segments
  std::uint64_t other_flows = 0;      ///< segments left out by AckOptions::flow
  std::uint64_t untracked_flows = 0;  ///< segments of flows beyond the bound on memory
  Loss loss;
  ClockInfo clock;
  CounterCheck counter_check;
  bool truncated = false;
};

/// The analysis: feed every packet once, in order; memory is bounded by the number of flows
/// (at most `max_flows`, both directions of each), not by the file's size. Terms and formulas:
/// docs/ack-report.md.
class AckAnalysis {
 public:
  static constexpr std::size_t max_flows = 4096;

  explicit AckAnalysis(AckOptions options);
  ~AckAnalysis();
  void add(const Packet& packet, const Interface& interface);
  /// Loss, clock and truncation are taken from the source when it is at its end.
  AckReport finish(const Source& source);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Why a report has no flows, in a few words, with what to do.
std::string why_no_acks(const AckReport& report);

/// One sentence from the figures alone: is this flow's ACK stream compressed, and where did it
/// arise. lost: records that the capture lost. The thresholds and where they come from:
/// docs/ack-report.md.
std::string verdict(const AckFlow& flow, std::uint64_t lost);

}  // namespace tscope
