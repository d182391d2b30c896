// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tscope/record/census.hpp"
#include "tscope/record/packet.hpp"

namespace tscope {

/// Looks whether the times of another program's file can be right: that there are any, that they
/// don't go back, and of what steps they are.
class TimeCheck {
 public:
  /// Marks the packet as late if no gap can begin or end at its time.
  void check(Packet& packet);
  void report(Census& census) const;

 private:
  void find_step(std::int64_t time_ns);

  std::optional<std::int64_t> first_ns_;
  bool moved_ = false;
  std::vector<std::optional<std::int64_t>> last_ns_;  // by interface
  bool is_coarse() const;

  std::uint64_t packets_ = 0, zero_ = 0, back_ = 0;
  std::uint64_t moves_ = 0, stands_ = 0;  // how often the time went on, or was the same again
  std::uint64_t regular_ = 0;             // how often it went on by as much as one of the last two
  std::uint64_t moved_ns_[2] = {};
  std::uint64_t back_max_ns_ = 0;
  std::uint64_t step_ns_ = 0;
  std::int64_t before_ns_ = 0;
};

}  // namespace tscope
