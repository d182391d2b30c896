// SPDX-License-Identifier: MIT
#pragma once

#include <deque>

#include "tscope/ack_report.hpp"
#include "tscope/duration_histogram.hpp"
#include "tscope/headers.hpp"

namespace tscope {

/// Finds the same ACKs of one flow at two vantage points and compares their stamps.
///
/// A flow's ACKs keep their order within a machine, so what stands before a match at the first and
/// did not reach the second by then was merged or lost.
class PairMatcher {
 public:
  void at_first(const TcpHeaders& tcp, const Packet& packet);
  void at_second(const TcpHeaders& tcp, const Packet& packet);

  /// segment_time_ns 0: no shares.
  AckPair result(const Interface& first, const Interface& second,
                 std::int64_t segment_time_ns) const;

 private:
  struct Ack {
    std::uint32_t ack = 0, seq = 0, tsval = 0, tsecr = 0;
    std::uint16_t ip_id = 0;
    bool real_ip = false;
    std::int64_t time_ns = 0;
  };

  static constexpr std::size_t pending_max = 16384;

  static Ack make(const TcpHeaders& tcp, const Packet& packet);
  static bool same(const Ack& a, const Ack& b);
  void compare(const Ack& first, const Ack& second);

  std::deque<Ack> pending_;
  bool has_previous_ = false;
  Ack previous_first_, previous_second_;
  std::uint64_t matched_ = 0, only_first_ = 0, only_second_ = 0, merged_ = 0, negative_ = 0;
  DurationHistogram gaps_first_, gaps_second_, added_, ratio_;  // ratio in thousandths
};

}  // namespace tscope
