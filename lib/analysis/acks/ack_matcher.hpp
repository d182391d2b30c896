// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>

#include "record/identity.hpp"
#include "tscope/analysis/ack_report.hpp"
#include "tscope/base/histogram.hpp"
#include "tscope/record/headers.hpp"

namespace tscope {

/// What tells one ACK of a flow direction from the others, and its stamp.
struct AckStamp {
  AckStamp(const TcpHeaders& tcp, const Packet& packet);

  PacketIdentity identity;
  std::int64_t time_ns;
  std::uint16_t segs;
};

/// Finds the same ACKs of one flow at two vantage points and compares their stamps.
///
/// Equal ACKs (duplicates without a telling IP id) match in order. ACKs pass each other on the way
/// (two CPUs), so one that others overtook is waited for until `overtaken_max` have; then it counts
/// as seen at the first only.
class AckMatcher {
 public:
  /// segment_time_ns: shares below it are exact; 0 if it is to be inferred.
  explicit AckMatcher(std::int64_t segment_time_ns) : exact_ns_(segment_time_ns) {}

  void at_first(const AckStamp& first);
  void at_second(const AckStamp& second);

  /// segment_time_ns 0: no shares.
  AckStage result(const Interface& first, const Interface& second,
                  std::int64_t segment_time_ns) const;

 private:
  struct Waiting {
    AckStamp ack;
    std::uint32_t overtaken = 0;
  };

  static constexpr std::size_t pending_max = 4096;
  static constexpr std::size_t early_max = 16;
  static constexpr std::uint32_t overtaken_max = 16;

  void compare(const AckStamp& first, const AckStamp& second);

  std::int64_t exact_ns_;
  std::deque<Waiting> pending_;  // of the first, in order
  std::deque<AckStamp> early_;   // of the second, whose first did not come yet
  bool has_previous_ = false;
  std::int64_t previous_first_ns_ = 0, previous_second_ns_ = 0;
  std::uint64_t matched_ = 0, only_first_ = 0, only_second_ = 0, merged_ = 0, negative_ = 0;
  Histogram gaps_first_{exact_ns_}, gaps_second_{exact_ns_};
  Histogram added_, ratio_;  // ratio in thousandths
};

}  // namespace tscope
