// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "tscope/record/clock.hpp"

namespace tscope {

/// Puts times of a NIC's clock on a capture's time line.
///
/// As ClockModel makes a time line of ticks and anchors, this makes one of the NIC's nanoseconds
/// and readings: rate and offset as far as the readings' widths contradict them, with a bound. A
/// clock that tells the same time twice stands still; one that jumps against the time line was set,
/// and begins anew.
class NicClock {
 public:
  /// nic_ns was read within time_ns +- width_ns / 2; readings come in the order of time_ns.
  void add(std::uint64_t nic_ns, std::int64_t time_ns, std::int64_t width_ns);

  /// Nothing before the first reading and while the clock stands still.
  std::optional<std::int64_t> to_ns(std::uint64_t nic_ns) const;
  bool stands_still() const { return still_; }

  /// Bound of the error between the first reading and the last, against the time line.
  std::int64_t error_ns() const;
  std::uint64_t steps() const { return steps_; }

 private:
  bool was_set(std::uint64_t nic_ns, std::int64_t time_ns) const;

  std::optional<ClockModel> model_;
  std::uint64_t last_nic_ns_ = 0;
  std::int64_t last_time_ns_ = 0;
  std::int64_t worst_ns_ = 0;  // before the clock was set
  std::uint64_t steps_ = 0;
  bool still_ = false;
};

}  // namespace tscope
