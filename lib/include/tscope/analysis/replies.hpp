// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tscope/align/alignment.hpp"

namespace tscope {

/// A probe that was handed over to be sent. Times are ns since the Unix epoch by the sender's
/// clock.
struct SentProbe {
  std::uint32_t index = 0;  ///< in its train: the STAMP sequence number
  std::int64_t scheduled_ns = 0;
  std::int64_t handed_ns = 0;  ///< when it left the sender
  std::uint32_t size = 0;      ///< UDP payload, bytes
};

/// One answer of a STAMP session-reflector (RFC 8762, section 4.3).
struct ProbeReply {
  std::uint32_t index = 0;               ///< Session-Sender Sequence Number
  std::uint32_t reflector_sequence = 0;  ///< Sequence Number
  std::int64_t sender_ns = 0;            ///< Session-Sender Timestamp, as it came back
  std::int64_t reflector_rx_ns = 0;      ///< Receive Timestamp, by the reflector's clock
  std::int64_t reflector_tx_ns = 0;      ///< Timestamp, by the reflector's clock
  std::int64_t arrival_ns = 0;           ///< at the sender, on the time line of SentProbe
  std::uint8_t sender_ttl = 0;           ///< TTL or hop limit the probe had at the reflector
  std::uint8_t ttl = 0;                  ///< that the answer had at the sender; 0: not known
  bool synchronised = false;             ///< S of the reflector's Error Estimate
};

/// What a ReplyCollector took in.
struct ReplySet {
  std::vector<ProbeReply> replies;  ///< in the order of their arrival
  /// The reflector counts its answers by itself; nothing if no greeting told.
  std::optional<bool> stateful;
  /// The number a stateful reflector gives to the train's first probe to come.
  std::optional<std::uint32_t> first_sequence;
  /// The number after the last one it gave to the train's probes.
  std::optional<std::uint32_t> end_sequence;
  /// So many numbers in between may be those of greetings and leaves that were not answered.
  std::uint32_t slack = 0;
  std::uint64_t dropped = 0;      ///< by the kernel, at the socket's full buffer (SO_RXQ_OVFL)
  std::uint64_t overflow = 0;     ///< beyond the bound on memory
  std::uint64_t foreign = 0;      ///< datagrams that are no answers, or not of the destination
  std::uint64_t user_stamps = 0;  ///< arrivals that the kernel did not stamp
};

enum class ProbeGroup { none, pairs, chirp };

struct ReplyOptions {
  ProbeGroup group = ProbeGroup::none;
  std::uint32_t group_size = 0;     ///< probes of a chirp; pairs have 2
  std::uint8_t family = 4;          ///< 4 or 6: the IP header's part in a probe's size
  std::int64_t clock_error_ns = 0;  ///< of the sender's times
};

/// Of signed durations, in ns. A quantile q is the smallest value that a share q does not exceed.
struct DelayQuantiles {
  std::uint64_t count = 0;
  std::int64_t min = 0, p01 = 0, p50 = 0, p90 = 0, p99 = 0, max = 0;
  double mean = 0;
};

/// Exact: sorts.
DelayQuantiles delay_quantiles(std::vector<std::int64_t> values);

/// RFC 4737: a packet is reordered if its number is below one that came before it (section 3);
/// its extent is the distance to the earliest such (4.2). First copies only.
struct Reordering {
  std::uint64_t packets = 0;
  std::uint64_t reordered = 0;
  double ratio = 0;  ///< reordered / packets
  std::uint64_t extent_max = 0;
  double extent_mean = 0;
};

/// sequence: the packets' numbers, all different, in the order of arrival.
Reordering reordering_of(const std::vector<std::uint64_t>& sequence);

struct ReplyLoss {
  std::uint64_t lost = 0;          ///< probes handed over that were never answered
  std::uint64_t forward = 0;       ///< never reflected
  std::uint64_t backward = 0;      ///< reflected, the answer never came
  std::uint64_t undetermined = 0;  ///< the rest: nothing tells on which way
  std::uint64_t periods = 0;       ///< runs of losses (RFC 3357, section 5)
  std::uint64_t longest = 0;       ///< probes in the longest run
};

/// One way, or there and back. Delays of one way are by aligned clocks.
struct ReplyPath {
  DelayQuantiles delay;
  std::uint64_t negative = 0;  ///< delays below minus the alignment's error
  DelayQuantiles pdv;          ///< delay - least delay (RFC 5481, section 4.2)
  DelayQuantiles ipdv;         ///< delay - that of the probe sent before (RFC 5481, section 4.1)
  double jitter_ns = 0;        ///< RFC 3550, section 6.4.1, its value at the end
  Reordering reordering;
  std::uint64_t duplicates = 0;
  /// Of probes that left one after the other and both arrived.
  DelayQuantiles sent_gap, arrival_gap;
  double gap_ratio_p50 = 0;  ///< arrival gap / sent gap
};

struct RateMode {
  double bps = 0;  ///< mean of the samples in the mode
  double low_bps = 0, high_bps = 0;
  std::uint64_t count = 0;
  double share = 0;  ///< of all samples
};

struct PairGap {
  std::uint32_t index = 0;  ///< of its first probe
  std::int64_t sent_gap_ns = 0;
  std::int64_t arrival_gap_ns = 0;  ///< at the reflector
  double capacity_bps = 0;  ///< IP bytes of the second * 8 / arrival gap; 0 if that is not above 0
};

/// One step of all chirps: medians over those that arrived whole.
struct ChirpStep {
  std::uint32_t position = 0;  ///< of the step's second probe in the chirp
  double rate_bps = 0;         ///< sent
  std::int64_t sent_gap_ns = 0, arrival_gap_ns = 0;
  double rate_ratio = 0;         ///< rate received / rate sent
  std::int64_t queueing_ns = 0;  ///< delay above the chirp's least
  double excursion_share = 0;    ///< chirps whose delay had left its floor for good
};

struct ChirpEstimate {
  std::uint32_t index = 0;  ///< of its first probe
  double onset_bps = 0;     ///< rate at which the last excursion began; 0: none did
  double available_bps = 0;
};

/// What the path made of the spacing of pairs and chirps, at the reflector.
struct Dispersion {
  ProbeGroup group = ProbeGroup::none;
  std::uint64_t groups = 0;      ///< of which the first probe was sent
  std::uint64_t incomplete = 0;  ///< a probe was not sent, lost, or came out of order

  std::vector<PairGap> pairs;
  std::uint64_t unresolved = 0;    ///< pairs that arrived with one stamp
  std::uint64_t expanded = 0;      ///< pairs that arrived wider than they left, by a twentieth
  std::vector<RateMode> modes;     ///< the most samples first
  double capacity_bps = 0;         ///< 0: too few pairs
  bool capacity_is_bound = false;  ///< pairs arrived as they left: capacity is this or more
  double sent_rate_bps = 0;        ///< median, of pairs
  DelayQuantiles sent_gap, arrival_gap;
  double rate_ratio_p50 = 0;  ///< rate received / rate sent

  std::vector<ChirpStep> steps;
  std::vector<ChirpEstimate> chirps;
  double available_bps = 0;  ///< median over the chirps; 0: too few
  /// Most chirps' delay never left its floor for good: what is available is this or more.
  bool available_is_bound = false;
};

struct ReplyReport {
  std::uint64_t sent = 0;        ///< handed over
  std::uint64_t answered = 0;    ///< probes answered at least once
  std::uint64_t replies = 0;     ///< of them, copies too
  std::uint64_t unknown = 0;     ///< replies to no probe of the train
  std::uint64_t impossible = 0;  ///< replies earlier than their probe: of no use, left out
  ReplyLoss loss;
  std::optional<bool> stateful;  ///< as greeted, or shown by the numbers themselves
  ReplyPath round_trip;          ///< delays without the reflector's residence
  ReplyPath forward, backward;
  DelayQuantiles residence;     ///< in the reflector: its transmit - its receive stamp
  Alignment alignment;          ///< first: the sender's clock; second: the reflector's
  std::uint64_t unaligned = 0;  ///< replies within a clock step: no one-way delay
  bool synchronised = false;    ///< all answers say that the reflector's clock is
  std::optional<std::uint8_t> ttl_min, ttl_max;  ///< of probes at the reflector
  Dispersion dispersion;
  std::uint64_t dropped = 0, overflow = 0, foreign = 0, user_stamps = 0;  ///< as in ReplySet
};

/// Pure: no sockets, no clocks. sent: probes that were handed over, in any order; an index twice is
/// an Error. Terms and formulas: docs/train-report.md, "Replies".
ReplyReport analyse_replies(const std::vector<SentProbe>& sent, const ReplySet& replies,
                            const ReplyOptions& options);

}  // namespace tscope
