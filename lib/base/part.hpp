// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace tscope {

/// Returns the share that `some` has in `all`; 0 of nothing.
inline double part(std::uint64_t some, std::uint64_t all) {
  return all == 0 ? 0 : static_cast<double>(some) / static_cast<double>(all);
}

}  // namespace tscope
