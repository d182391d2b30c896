// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tscope/record/headers.hpp"
#include "tscope/record/packet.hpp"
#include "tscope/record/source.hpp"

namespace tscope {

/// Which way through the stack.
enum class Way : std::uint8_t { send, receive };

/// What a packet is, and so which vantage points it passes: data and datagrams all of them, the
/// others all but the application's.
enum class PacketKind : std::uint8_t {
  data,            ///< TCP payload, sent for the first time or delivered
  retransmission,  ///< sent again: no send call is behind it
  duplicate,       ///< received, but its last byte was there already
  control,         ///< without payload: ACK, SYN, FIN, RST
  datagram,        ///< UDP; ICMP echo that a process sends or is answered
  echo,            ///< ICMP echo that the kernel answers by itself
};
inline constexpr std::size_t packet_kinds = 6;

/// Why a packet that was seen at one vantage point was not found at the next.
enum class Unmatched : std::uint8_t {
  begin,        ///< before the first that was found at both: the capture had just begun
  end,          ///< after the last that was, within a second of the capture's end
  unread,       ///< receive: still in the socket when the capture ended
  dropped,      ///< later ones got there
  no_socket,    ///< sent without a full socket (a listener's SYN-ACK, RST, ACK in TIME_WAIT)
  lost,         ///< the capture lost records there: at most as many as it lost
  evicted,      ///< given up, because too many waited
  no_stamp,     ///< the NIC gave it no stamp
  unexplained,  ///< none of these
  unknown,      ///< lost by the capture or dropped: the file has no counts of its loss
  copied,       ///< a copy, made in between, of a packet that was found
  buffer_full,  ///< a datagram that the process did not read, though it read after it had come
  no_call,      ///< of a connection whose calls are not seen (splice, MPTCP, ...), or never read
};
inline constexpr std::size_t unmatched_reasons = 13;

std::string_view way_name(Way way);
std::string_view kind_name(PacketKind kind);
std::string_view unmatched_name(Unmatched reason);

struct DelayOptions {
  std::optional<std::string> flow;  ///< keep only flows with this text in "src > dst"
  bool per_flow = false;            ///< times of each flow too: DelayFlow::chains
  bool hardware = true;             ///< else records at hw-rx and hw-tx are passed over
};

struct CdfPoint {
  std::int64_t ns = 0;
  double share = 0;  ///< of the packets, strictly below ns
};

/// Times of packets between two vantage points, or over the whole way. Quantiles are within 1 part
/// in 1024 (Histogram), max and sum exact.
struct DelayStage {
  Vantage from = Vantage::tap, to = Vantage::tap;
  std::int64_t p50_ns = 0, p90_ns = 0, p99_ns = 0, max_ns = 0;
  std::int64_t sum_ns = 0;
  std::int64_t max_at_ns = 0;  ///< when the longest one began
  /// Packet::number of the longest one's records at `from` and at `to`; 0: not known.
  std::array<std::uint64_t, 2> max_packets{};
  double share = 0;  ///< sum / sum of the totals
  /// Bound of the clocks' error, where one end is the NIC's stamp: it shifts all times alike.
  std::optional<std::int64_t> error_ns;
  std::vector<CdfPoint> cdf;
};

/// Packets of one kind on their way through one device, those that were found at every vantage
/// point of that way which the capture has; those with the NIC's stamp and those without apart.
/// Stage sums add up to the total's sum exactly.
struct DelayChain {
  Way way = Way::send;
  std::string device;
  std::uint32_t netns = 0;  ///< the device's network namespace, by its inode number; 0: not known
  PacketKind kind = PacketKind::data;
  bool partial = false;        ///< not at every vantage point: no packet of this kind was
  std::uint64_t packets = 0;   ///< records at the driver: a TSO record counts once
  std::uint64_t segments = 0;  ///< wire segments in them
  std::uint64_t negative = 0;  ///< a stage below zero: in no figure
  std::uint64_t inconsistent =
      0;  ///< stamps of two clocks, or ticks and times disagree: in no figure
  std::vector<DelayStage> stages;
  DelayStage total;
};

/// How many packets were found at both of two neighbouring vantage points, and what became of the
/// rest. A packet is a record at the one nearer the wire.
struct StageCounts {
  Way way = Way::send;
  bool datagrams = false;  ///< else TCP
  Vantage first = Vantage::tap, second = Vantage::tap;
  std::uint64_t matched = 0;
  std::uint64_t merged = 0;  ///< of these, one of several that make up a record at the second
  std::array<std::uint64_t, unmatched_reasons> only_first{}, only_second{};
  std::uint64_t unmatched() const;
};

/// One flow's part of a DelayChain. Quantiles are within 1 part in 64, max and sum exact.
struct DelayFlowChain {
  std::string device;
  PacketKind kind = PacketKind::data;
  std::uint64_t packets = 0, segments = 0, negative = 0, inconsistent = 0;  ///< as in DelayChain
  std::int64_t p50_ns = 0, p99_ns = 0, max_ns = 0, sum_ns = 0;              ///< of the whole way
  Vantage largest_from = Vantage::tap, largest_to = Vantage::tap;  ///< stage of the largest sum
  double largest_share = 0;                                        ///< of the totals
};

struct DelayFlow {
  Flow flow;
  std::uint32_t netns = 0;  ///< where its socket is, or else its device
  Way way = Way::send;
  bool datagrams = false;
  std::array<std::uint64_t, packet_kinds> packets{};  ///< by kind
  std::uint64_t whole = 0;                            ///< found at every vantage point
  std::vector<DelayFlowChain> chains;                 ///< most packets first
  std::uint64_t packets_of_all_kinds() const;
};

/// A vantage point that the capture was to have and that showed none of the packets which the
/// others of its way did.
struct SilentVantage {
  Vantage vantage = Vantage::tap;
  bool datagrams = false;          ///< else TCP
  std::optional<Vantage> nearest;  ///< where the way ends, or begins, instead
};

/// A flow at the driver that no socket has, beside one at the socket that no driver has, with one
/// end in common: an address was changed on this machine.
struct ChangedAddress {
  Way way = Way::send;
  Flow at_driver, at_socket;
};

struct DelayReport {
  std::vector<DelayChain> chains;
  std::vector<SilentVantage> silent;
  std::vector<ChangedAddress> changed_addresses;  ///< no more than 16
  std::uint64_t fragments = 0;  ///< records of a first fragment, which stand for all
  std::vector<StageCounts> stages;
  std::vector<DelayFlow> flows;        ///< most packets first, no more than 100
  std::uint64_t flows_left_out = 0;    ///< the rest of them
  std::uint64_t packets_left_out = 0;  ///< theirs
  std::uint64_t records = 0;           ///< all that the source delivered
  std::uint64_t used = 0;              ///< of these at a vantage point of a packet's way
  std::uint64_t other_flows = 0;       ///< records left out by DelayOptions::flow
  std::uint64_t untracked_flows = 0;   ///< records of flows beyond the bound on memory
  std::uint64_t forwarded = 0;         ///< packets of flows that no socket here sends or receives
  /// Receive calls of sockets whose bytes are not the TCP stream's (kTLS, sockmap): no delivery.
  std::uint64_t foreign_calls = 0;
  /// Records at the socket of such connections, and of subflows of MPTCP: no call of theirs is
  /// seen.
  std::uint64_t foreign_segments = 0, mptcp_segments = 0;
  std::uint64_t peeks = 0;  ///< receive calls that left the bytes queued: no delivery
  Loss loss;
  ClockInfo clock;
  Census census;
  CounterCheck counter_check;
  std::vector<NicStamps> nics;
  std::uint64_t unclaimed_nic_stamps = 0;  ///< whose packet has no record at the driver
  bool truncated = false;
  bool per_flow = false;  ///< as asked for
};

/// The analysis: feed every packet once, in order. Memory is bounded (flows, packets waiting for
/// their next stamp), whatever the file's size. Terms and rules: docs/delay-report.md.
class DelayAnalysis {
 public:
  static constexpr std::size_t max_flows = 8192;

  explicit DelayAnalysis(DelayOptions options);
  ~DelayAnalysis();
  void add(const Packet& packet, const Interface& interface);
  /// Loss, clock and truncation are taken from the source when it is at its end.
  DelayReport finish(const Source& source);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Why a report has no chains, in a few words, with what to do.
std::string why_no_delays(const DelayReport& report);

}  // namespace tscope
