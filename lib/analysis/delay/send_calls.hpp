// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>

#include "analysis/delay/segment.hpp"

namespace tscope {

/// The send calls of a flow, to tell which one wrote a byte.
///
/// A record has the bytes that a call asked for; the next call's first byte tells how many it took.
class SendCalls {
 public:
  static constexpr std::size_t calls_max = 4096;

  void add(const Segment& call);
  void clear() { *this = {}; }

  /// The stamp of the call that wrote this byte, or null.
  const Stamp* find(std::int64_t byte) const;

  bool any() const { return any_; }

  /// True if the byte was written before the first call that was seen.
  bool before_first(std::int64_t byte) const { return !any_ || byte < first_; }

 private:
  struct Call {
    std::int64_t begin, end;
    Stamp stamp;
  };

  std::deque<Call> calls_;  // ascending begin
  bool any_ = false;
  std::int64_t first_ = 0;
};

}  // namespace tscope
