// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>

namespace tscope {

/// The time of one file's clock that both captures' packets of a flow cover.
struct Coverage {
  std::int64_t from_ns = 0, to_ns = 0;
  bool any = false;

  void add(std::int64_t time_ns) {
    from_ns = any ? std::min(from_ns, time_ns) : time_ns;
    to_ns = any ? std::max(to_ns, time_ns) : time_ns;
    any = true;
  }
  bool holds(std::int64_t time_ns) const { return any && time_ns >= from_ns && time_ns <= to_ns; }
};

}  // namespace tscope
