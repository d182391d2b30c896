// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>

namespace tscope {

/// Takes `rate` a second on average, a tenth of a second's worth at once (16 at least).
class TokenBucket {
 public:
  bool take(double rate, std::int64_t now_ns) {
    const double depth = std::max(16.0, rate / 10);
    if (!used_) tokens_ = depth;
    const auto passed = static_cast<double>(std::max<std::int64_t>(0, now_ns - filled_ns_));
    if (used_) tokens_ = std::min(depth, tokens_ + passed * 1e-9 * rate);
    filled_ns_ = used_ ? std::max(filled_ns_, now_ns) : now_ns;
    used_ = true;
    if (tokens_ < 1) return false;
    tokens_--;
    return true;
  }

 private:
  double tokens_ = 0;
  std::int64_t filled_ns_ = 0;
  bool used_ = false;
};

}  // namespace tscope
