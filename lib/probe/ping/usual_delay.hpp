// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace tscope {

/// What sending and receiving usually add on this machine, by the newest few hundred samples. Their
/// lower quartile: most of them may be under stress.
class UsualDelay {
 public:
  void add(std::int64_t ns) { values_.at(count_++ % values_.size()) = ns; }

  /// 0 as long as little is known.
  std::int64_t ns() const {
    if (count_ < enough) return 0;
    auto sorted = values_;
    const std::size_t kept = std::min(count_, sorted.size());
    const auto quartile = sorted.begin() + static_cast<std::ptrdiff_t>(kept / 4);
    std::nth_element(sorted.begin(), quartile, sorted.begin() + static_cast<std::ptrdiff_t>(kept));
    return *quartile;
  }

 private:
  static constexpr std::size_t enough = 8;

  std::array<std::int64_t, 256> values_{};
  std::size_t count_ = 0;
};

}  // namespace tscope
