// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

namespace tscope {

/// Whether ACKs delivered more than a rate allows, by the bytes from the IP header on: the least
/// that any link counts.
///
/// A second is held against the one before it: where ACKs were held back and then came at once, no
/// more was delivered than before, only later.
class Excess {
 public:
  void add(std::int64_t time_ns, std::uint64_t ip_bytes, double rate_bps);

  /// Returns the largest excess over any second, or over the whole stream if that is shorter: 0.02
  /// for 2 % more than the rate allows; 0 for none.
  double worst(double rate_bps) const;

 private:
  struct Slot {
    std::int64_t number;
    double most;  // of what was delivered, less what the rate allows
  };

  static constexpr std::int64_t slot_ns = 10'000'000, slots_in_second = 100;

  std::deque<Slot> slots_;  // of the last two seconds
  std::optional<std::int64_t> begin_ns_;
  std::int64_t last_ns_ = 0;
  std::uint64_t delivered_ = 0;
  double worst_bytes_ = 0;
};

}  // namespace tscope
