// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "tscope/record/clock.hpp"
#include "tscope/record/headers.hpp"
#include "tscope/record/packet.hpp"

namespace tscope {

/// What a first reading of a capture tells, in bounded memory: which flows at which vantage points,
/// and a sample of its packets. Whether a packet is in the sample depends on nothing but what it
/// is, so that two captures sample the same ones (trajectory sampling: N. Duffield, M.
/// Grossglauser, SIGCOMM 2000).
class CaptureSurvey {
 public:
  static constexpr std::size_t sample_max = 1 << 16;
  static constexpr std::size_t flows_max = 8192;  // directions

  struct Direction {
    std::vector<Interface> points;  ///< in the order in which they first saw the flow
    std::uint64_t acks = 0;         ///< TCP segments without payload, at the first of the points
  };

  /// datagrams: UDP and ICMP echoes too.
  explicit CaptureSurvey(bool datagrams = false) : datagrams_(datagrams) {}

  void add(const Packet& packet, const Interface& interface);
  void add(const Anchor& anchor);

  const std::unordered_map<Flow, Direction, FlowHash>& flows() const { return flows_; }
  /// Seen at a socket or in a call: one end of this flow is here.
  bool has_socket(const Flow& flow) const { return sockets_.contains(flow); }
  std::uint64_t packets() const { return packets_; }
  /// Socket or application records: one end of the connections is here.
  bool is_endpoint() const { return endpoint_; }
  bool has_tsc() const { return packets_ > 0 && without_tsc_ == 0; }
  /// Of the first and the last segment in the file.
  struct Stamp {
    std::uint64_t tsc = 0;
    std::int64_t time_ns = 0;
  };
  Stamp first_stamp, last_stamp;
  std::optional<Anchor> first_anchor, last_anchor;

  /// Returns when a packet came back that echoes the timestamp of the packet of `flow` that passed
  /// at `sent_ns`: no sooner than that one was wherever the echo was made. Nothing where no echo is
  /// known.
  std::optional<std::int64_t> echoed_ns(const Flow& flow, std::int64_t sent_ns) const;

 private:
  friend class CaptureOverlap;

  struct Sampled {
    std::int64_t time_ns;
    const Flow* flow;
    Vantage at;
  };
  struct Echo {
    std::optional<std::uint32_t> newest;  // tsval
    std::uint32_t tsval = 0;              // whose echo is waited for
    std::int64_t sent_ns = 0;
    bool waits = false;
    std::vector<std::pair<std::int64_t, std::int64_t>> taken;  // sent, echoed; at most echoes_max
  };
  static constexpr std::size_t echoes_max = 256;

  void note_socket(const Packet& packet);
  bool in_sample(std::uint64_t key) const { return (key >> 20 & mask_) == 0; }
  void sample(std::uint64_t key, const Sampled& seen);
  void note_echo(const TcpHeaders& tcp, std::int64_t time_ns);

  std::unordered_map<Flow, Direction, FlowHash> flows_;
  std::unordered_map<Flow, Echo, FlowHash> echoes_;
  std::unordered_set<Flow, FlowHash> sockets_;
  std::unordered_map<std::uint64_t, Sampled> sample_;
  std::uint64_t mask_ = 0;
  std::uint64_t packets_ = 0, without_tsc_ = 0;
  bool endpoint_ = false;
  bool datagrams_;
};

/// True where both counters are one: the clock anchors of both captures lie on one line of TSC
/// against CLOCK_MONOTONIC_RAW, and both booted at the same time.
bool one_boot(const CaptureSurvey& first, const CaptureSurvey& second);

/// What two captures have in common, by their samples.
class CaptureOverlap {
 public:
  CaptureOverlap(const CaptureSurvey& first, const CaptureSurvey& second);

  std::size_t packets() const { return samples_.size(); }
  /// All packets lie equally far apart in both: no two captures do that.
  bool same_capture() const;
  /// Does this flow pass the first file's vantage point before the second's? 1: yes, -1: no; 0:
  /// nothing tells, as with two captures at one place.
  int towards_second(const Flow& flow) const;
  /// The second clock less the first around a time of the second, roughly.
  std::int64_t offset_near_second(std::int64_t second_ns) const;

 private:
  struct Sample {
    std::int64_t first_ns, second_ns;
    const Flow* flow;
  };

  struct Votes {
    std::int64_t sum = 0, count = 0;
  };

  void vote();

  std::vector<Sample> samples_;                                 // by the first clock
  std::vector<std::pair<std::int64_t, std::int64_t>> offsets_;  // by the second clock
  std::unordered_map<Flow, Votes, FlowHash> votes_;
};

}  // namespace tscope
