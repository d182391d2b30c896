// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "analysis/acks/ack_events.hpp"
#include "analysis/acks/ack_matcher.hpp"
#include "analysis/acks/delivery_curve.hpp"
#include "analysis/acks/echoed_clock.hpp"
#include "analysis/acks/excess.hpp"
#include "analysis/acks/service_gaps.hpp"
#include "base/ring_buffer.hpp"
#include "record/ack_classifier.hpp"
#include "record/delivered_data.hpp"
#include "record/sent_segments.hpp"
#include "tscope/analysis/ack_report.hpp"
#include "tscope/base/histogram.hpp"
#include "tscope/record/headers.hpp"

namespace tscope {

/// What all streams of an analysis have in common.
struct StreamOptions {
  std::int64_t segment_time_ns = 0;  ///< shares below it are exact; 0 if it is not known yet
  double rate_bps = 0;               ///< of the bottleneck, 0 if it is not given
  std::uint32_t overhead = 0;        ///< on-wire bytes of a segment below its IP header
  bool advancing_only = false;
  double event_rate_bps = 0;  ///< by which events are listed; 0: they are not
};

/// The longest gap of a stream, and where it lies.
struct LongestGap {
  std::int64_t ns = -1;
  std::int64_t from_ns = 0;
  std::array<std::uint64_t, 2> packets{};  ///< Packet::number of the ACKs around it
};

/// One direction of a flow at one interface.
class AckStream {
 public:
  AckStream(Interface interface, const StreamOptions& options)
      : gaps(options.segment_time_ns),
        events(options.event_rate_bps),
        from_before(options.overhead),
        interface_(std::move(interface)),
        options_(options) {}

  /// Counts it if it is an ACK; says whether it was. sent: the other direction's segments.
  bool add(const TcpHeaders& tcp, const Packet& packet, const SentSegments& sent);

  const Interface& interface() const { return interface_; }
  Vantage vantage() const { return interface_.vantage; }
  const DeliveredSoFar& delivered() const { return delivered_; }
  /// On-wire bytes that its ACKs delivered so far.
  std::uint64_t wire_bytes() const { return delivered_.wire_bytes(options_.overhead); }

  std::uint64_t acks = 0;
  std::uint64_t merged_records = 0, merged_segments = 0, same_poll_gaps = 0, unknown_poll_gaps = 0;
  std::uint64_t acks_without_data = 0, gaps_after_hole = 0;
  std::int64_t first_ack_ns = 0;
  Histogram gaps;
  LongestGap longest;
  AckEvents events;
  ServiceGaps service;
  Histogram released;  // by time_per_byte(): what gaps would be if no ACK had been held back
  DeliveryCurve curve;
  EchoedClock echoed;
  Excess excess;

  AckStream* before = nullptr;  // the vantage point that ACKs pass before this one
  AckMatcher from_before;

 private:
  struct Last {
    std::int64_t time_ns;
    std::uint64_t number;
    std::uint32_t napi_poll;
    std::uint16_t cpu;
    bool softirq, unknown;
  };

  void deliver(const TcpHeaders& tcp, const Packet& packet, const SentSegments& sent);
  void interrupt();

  Interface interface_;
  StreamOptions options_;
  AckClassifier classifier_;
  std::optional<Last> last_;                  // the next gap begins here
  std::optional<std::int64_t> last_data_ns_;  // the last ACK that delivered, for the next one's gap
  std::uint64_t last_data_number_ = 0;        // its Packet::number
  std::optional<std::int64_t> last_rtt_ns_;   // that one's
  std::optional<std::int64_t> rtt_min_ns_;
  std::optional<std::uint32_t> highest_ack_;
  DeliveredData data_;
  DeliveredSoFar delivered_;
};

/// One direction of a flow at all its interfaces.
class AckStreams {
 public:
  explicit AckStreams(const StreamOptions& options) : options_(options) {}

  void add(const TcpHeaders& tcp, const Packet& packet, const Interface& interface,
           const SentSegments& sent);

  std::uint64_t acks() const { return acks_; }
  /// Returns the stream that was seen first; nothing without any.
  const AckStream* first_seen() const {
    return members_.empty() ? nullptr : members_.front().stream.get();
  }

  /// Those with ACKs, in the order in which an ACK passes them. Whether it is received before it is
  /// sent (forwarding) or after (loopback, a pair of namespaces): the one that builds it comes
  /// first, else the stamps tell.
  std::vector<const AckStream*> in_path_order() const;

 private:
  // A vantage point's last ACKs, for one after it that shows up later.
  struct Member {
    std::unique_ptr<AckStream> stream;
    RingBuffer<AckStamp, 64> recent;
  };

  Member& member(const Interface& interface);
  AckStream* find_before(const AckStream& stream) const;

  StreamOptions options_;
  std::vector<Member> members_;
  std::uint64_t acks_ = 0;
};

}  // namespace tscope
