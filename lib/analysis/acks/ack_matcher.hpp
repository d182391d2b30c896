// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>

#include "analysis/acks/passed_gaps.hpp"
#include "record/identity.hpp"
#include "tscope/analysis/ack_report.hpp"
#include "tscope/base/histogram.hpp"
#include "tscope/record/headers.hpp"

namespace tscope {

/// What tells one ACK of a flow direction from the others, and its stamp.
struct AckStamp {
  AckStamp() = default;
  AckStamp(const TcpHeaders& tcp, const Packet& packet, const DeliveredSoFar& delivered_so_far);

  PacketIdentity identity;
  std::int64_t time_ns = 0;
  std::uint16_t segs = 1;
  DeliveredSoFar delivered;
};

/// Finds the same ACKs of one flow at two vantage points and compares their stamps.
///
/// Equal ACKs (duplicates without a telling IP id) match in order. ACKs pass each other on the way
/// (two CPUs), so one that others overtook is waited for until `overtaken_max` have; then it counts
/// as seen at the first only.
class AckMatcher {
 public:
  /// overhead: on-wire bytes of a segment below its IP header.
  explicit AckMatcher(std::uint32_t overhead) : passed_(overhead) {}

  void at_first(const AckStamp& first);
  void at_second(const AckStamp& second);

  /// rate_bps 0: no shares.
  AckStage result(const Interface& first, const Interface& second, double rate_bps) const;

 private:
  struct Waiting {
    AckStamp ack;
    std::uint32_t overtaken = 0;
  };

  static constexpr std::size_t pending_max = 4096;
  static constexpr std::size_t early_max = 16;
  static constexpr std::uint32_t overtaken_max = 16;

  void compare(const AckStamp& first, const AckStamp& second);

  std::deque<Waiting> pending_;  // of the first, in order
  std::deque<AckStamp> early_;   // of the second, whose first did not come yet
  bool has_previous_ = false;
  std::int64_t previous_first_ns_ = 0, previous_second_ns_ = 0;
  PassedGaps passed_;
  std::uint64_t matched_ = 0, only_first_ = 0, only_second_ = 0, merged_ = 0, negative_ = 0;
  Histogram added_, ratio_;  // ratio in thousandths
};

}  // namespace tscope
