// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "analysis/acks/ack_matcher.hpp"
#include "record/ack_classifier.hpp"
#include "tscope/analysis/ack_report.hpp"
#include "tscope/base/histogram.hpp"
#include "tscope/record/headers.hpp"

namespace tscope {

/// One direction of a flow at one interface.
class AckStream {
 public:
  AckStream(Interface interface, std::int64_t segment_time_ns, bool advancing_only)
      : gaps(segment_time_ns),
        from_before(segment_time_ns),
        interface_(std::move(interface)),
        advancing_only_(advancing_only) {}

  /// Counts it if it is an ACK; says whether it was.
  bool add(const TcpHeaders& tcp, const Packet& packet);

  const Interface& interface() const { return interface_; }
  Vantage vantage() const { return interface_.vantage; }

  std::uint64_t acks = 0;
  std::uint64_t merged_records = 0, merged_segments = 0, same_poll_gaps = 0, unknown_poll_gaps = 0;
  std::int64_t first_ack_ns = 0;
  Histogram gaps;  // weight: bytes that the second ACK acknowledged

  AckStream* before = nullptr;  // the vantage point that ACKs pass before this one
  AckMatcher from_before;

 private:
  struct Last {
    std::int64_t time_ns;
    std::uint32_t napi_poll;
    std::uint16_t cpu;
    bool softirq, unknown;
  };

  Interface interface_;
  bool advancing_only_;
  AckClassifier classifier_;
  std::optional<Last> last_;  // the next gap begins here
  std::optional<std::uint32_t> highest_ack_;
};

/// One direction of a flow at all its interfaces.
class AckStreams {
 public:
  AckStreams(std::int64_t segment_time_ns, bool advancing_only)
      : segment_time_ns_(segment_time_ns), advancing_only_(advancing_only) {}

  void add(const TcpHeaders& tcp, const Packet& packet, const Interface& interface);

  std::uint64_t acks() const { return acks_; }

  /// Those with ACKs, in the order in which an ACK passes them. Whether it is received before it is
  /// sent (forwarding) or after (loopback, a pair of namespaces): the one that builds it comes
  /// first, else the stamps tell.
  std::vector<const AckStream*> in_path_order() const;

 private:
  // A vantage point's last ACKs, for one after it that shows up later.
  struct Member {
    std::unique_ptr<AckStream> stream;
    std::deque<AckStamp> recent;
  };

  static constexpr std::size_t recent_max = 64;

  Member& member(const Interface& interface);
  AckStream* find_before(const AckStream& stream) const;

  std::int64_t segment_time_ns_;
  bool advancing_only_;
  std::vector<Member> members_;
  std::uint64_t acks_ = 0;
};

}  // namespace tscope
