// SPDX-License-Identifier: MIT
#pragma once

#include <x86intrin.h>

#include <cstdint>

namespace tscope {

/// Ticks, read after every earlier load is done (Intel SDM vol. 2, RDTSC), as the module reads
/// them.
inline std::uint64_t read_tsc() {
  _mm_lfence();
  return __rdtsc();
}

}  // namespace tscope
