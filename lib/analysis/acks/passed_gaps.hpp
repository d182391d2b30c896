// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "analysis/acks/service_gaps.hpp"
#include "record/delivered_data.hpp"
#include "tscope/analysis/ack_report.hpp"

namespace tscope {

/// The gaps between consecutive ACKs that two vantage points saw, at each of them, held against the
/// same service times.
class PassedGaps {
 public:
  /// overhead: on-wire bytes of a segment below its IP header.
  explicit PassedGaps(std::uint32_t overhead) : overhead_(overhead) {}

  /// Takes an ACK's stamps. delivered: up to this ACK; those that only one of the two saw are in
  /// it.
  void add(std::int64_t first_ns, std::int64_t second_ns, const DeliveredSoFar& delivered);
  /// The next one does not follow the last one.
  void cut() { has_previous_ = false; }

  std::uint64_t gaps() const { return first_.count(); }

  /// Returns the shares of gaps below `cut` times the service time at this rate.
  PairShares shares(double cut, double rate_bps) const;

 private:
  std::uint32_t overhead_;
  ServiceGaps first_, second_;
  bool has_previous_ = false;
  std::int64_t previous_first_ns_ = 0, previous_second_ns_ = 0;
  DeliveredSoFar previous_;
};

}  // namespace tscope
