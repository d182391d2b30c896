// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tscope/record/headers.hpp"
#include "tscope/record/packet.hpp"
#include "tscope/record/source.hpp"

namespace tscope {

struct AckOptions {
  std::optional<double> link_rate_bps;  ///< of the bottleneck; else the stream's own
  std::uint32_t mtu = 1500;             ///< of the bottleneck link: a full segment is as long
  /// What the link counts for a segment beside its IP packet, bytes. Without it a service time
  /// counts the Ethernet header, 14, the least that a bottleneck of frames counts; and the segment
  /// time FCS, preamble and gap too, 38 in all (IEEE 802.3).
  std::optional<std::uint32_t> overhead;

  std::uint32_t service_overhead() const { return overhead.value_or(14); }
  std::uint32_t segment_overhead() const { return overhead.value_or(38); }
  std::optional<std::int64_t> bin_ns;  ///< histogram bin; default a twelfth of the segment time
  std::optional<std::string> flow;     ///< keep only flows with this text in "src > dst"
  bool advancing_only = false;         ///< only ACKs that advance the cumulative ACK
  /// List each compression event. Where link_rate_bps is not given, by event_rates_bps: the rates
  /// that an earlier pass over the capture found.
  bool events = false;
  std::map<Flow, double> event_rates_bps;
};

/// Consecutive compressed gaps at one vantage point, as many as follow each other.
struct AckEvent {
  std::int64_t from_ns = 0, to_ns = 0;     ///< its first and its last ACK
  std::array<std::uint64_t, 2> packets{};  ///< Packet::number of these; 0: not known
  std::uint64_t acks = 0;                  ///< one more than there are gaps
  std::int64_t shortest_ns = 0, longest_ns = 0;
  double of_service_time = 0;        ///< (to_ns - from_ns) / the sum of the service times
  double least_of_service_time = 0;  ///< of the one gap where this is the least
};

struct AckMode {
  std::int64_t at_ns = 0;  ///< mean of its bin
  double multiple = 0;     ///< at_ns / segment time
  double share = 0;        ///< of all gaps, in its bin
  /// Where it lies within 10 % of a multiple of τ: bytes that a full frame may count as on the
  /// bottleneck, as far as the mode can't exclude them.
  std::vector<std::uint32_t> frame_bytes;
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
  /// Records that the capture lost at this vantage point, at least; nothing if the file has no
  /// counts of it.
  std::optional<std::uint64_t> lost;
  std::uint64_t gaps = 0;  ///< acks - 1, less those across a record marked late or a new connection
  double rate_bps = 0;     ///< of the bottleneck; 0: unknown
  std::int64_t segment_time_ns = 0;  ///< τ; 0: unknown
  std::string segment_time_source;   ///< "link-rate", "own-rate" or "none"
  std::uint64_t below_segment_time = 0, below_three_quarters = 0;  ///< gaps below τ and ¾ τ
  // Gaps that have a service time: from one ACK that delivers data to the next.
  std::uint64_t judged = 0;
  std::int64_t service_time_ns = 0;           ///< their mean service time
  std::uint64_t compressed = 0;               ///< those below ¾ of their service time
  double compressed_share = 0;                ///< compressed / judged
  double share_low = 0, share_high = 0;       ///< its 95 % interval, by block bootstrap
  double share_at_065 = 0, share_at_085 = 0;  ///< with 0.65 and 0.85 instead of ¾
  /// Compressed gaps of which no ACK was held back (the first one's round trip was about the
  /// shortest): the bottleneck let their data through as fast.
  std::uint64_t not_held_back = 0;
  std::uint64_t acks_without_data = 0;  ///< window updates, duplicates without SACK
  std::uint64_t gaps_after_hole = 0;    ///< what the ACK delivers is unknown
  double excess = 0;  ///< delivered above the rate given, over any second; 0.02 is 2 %
  std::int64_t p50_ns = 0, p90_ns = 0, p99_ns = 0, max_ns = 0;
  std::int64_t max_at_ns = 0;  ///< when the longest gap began
  /// Packet::number of the two ACKs around the longest gap; 0: not known.
  std::array<std::uint64_t, 2> max_packets{};
  std::vector<AckEvent> events;       ///< in order, where AckOptions::events asks for them
  std::uint64_t events_left_out = 0;  ///< further ones, beyond the bound on memory
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

/// The part of the same gaps that is compressed at each of two places.
struct PairShares {
  double first = 0, second = 0;
  double rise_low = 0, rise_high = 0;  ///< 95 % interval of second - first, by block bootstrap

  double rise() const { return second - first; }
};

/// The same ACKs at two vantage points of one file, in the order a packet passes them.
struct AckStage {
  Interface first;
  Interface second;
  std::uint64_t matched = 0;
  std::uint64_t only_first = 0;  ///< not seen at the second, merges not counted
  std::uint64_t only_second = 0;
  std::uint64_t merged = 0;                  ///< of the first, inside a merged record at the second
  double share_first = 0, share_second = 0;  ///< compressed gaps between consecutive matched ACKs
  std::int64_t added_p50_ns = 0, added_p99_ns = 0,
               added_max_ns = 0;  ///< second stamp - first stamp
  std::uint64_t negative = 0;     ///< second before first: counted, not averaged in
  double gap_ratio_p50 = 0;       ///< gap at second / gap at first, median over gaps > 0
};

/// Why no verdict is given on a flow.
struct Withheld {
  std::string code;  ///< for programs, such as "coarse-clock"; docs/ack-report.md lists them
  std::string why;   ///< for people: a clause that follows "Can't tell: "
  /// Whatever the reason leaves open, gaps are compressed: only how strongly is unknown.
  bool only_degree = false;
};

struct AckFlow {
  Flow flow;                                    ///< the ACKs' own direction
  std::vector<AckDistribution> vantage_points;  ///< in the order in which its ACKs passed them
  std::vector<AckStage> stages;
  std::string why_no_rate;         ///< where the bottleneck's rate is unknown
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
  Census census;
  CounterCheck counter_check;
  bool truncated = false;
  bool has_events = false;  ///< AckOptions::events asked for them
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
  /// Returns the report once more, with these rates for flows that have none of their own; call
  /// after finish().
  AckReport with_rates(const std::map<Flow, double>& rate_bps);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Returns the rate of each flow of which it is known.
std::map<Flow, double> rates_of(const AckReport& report);

/// Why a report has no flows, in a few words, with what to do.
std::string why_no_acks(const AckReport& report);

/// One sentence from the figures alone: is this flow's ACK stream compressed, and where did it
/// arise. lost: records that the capture lost. The thresholds and where they come from:
/// docs/ack-report.md.
std::string verdict(const AckFlow& flow, std::uint64_t lost);

}  // namespace tscope
