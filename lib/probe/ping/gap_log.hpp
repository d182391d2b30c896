// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>

namespace tscope {

/// Times in which the thread should have run and did not, the newest few thousand.
class GapLog {
 public:
  void add(std::int64_t from_ns, std::int64_t to_ns) {
    gaps_.push_back({from_ns, to_ns});
    if (gaps_.size() > gaps_max) gaps_.pop_front();
  }

  /// The longest that overlaps, whole; 0 for none.
  std::int64_t longest(std::int64_t from_ns, std::int64_t to_ns) const {
    std::int64_t longest = 0;
    for (auto gap = gaps_.rbegin(); gap != gaps_.rend(); ++gap) {
      if (gap->to_ns < from_ns) break;
      if (gap->from_ns > to_ns) continue;
      if (gap->to_ns - gap->from_ns > longest) longest = gap->to_ns - gap->from_ns;
    }
    return longest;
  }

 private:
  struct Gap {
    std::int64_t from_ns, to_ns;
  };
  static constexpr std::size_t gaps_max = 4096;

  std::deque<Gap> gaps_;
};

}  // namespace tscope
