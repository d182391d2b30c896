// SPDX-License-Identifier: MIT
#pragma once

#include "probe/wire/stamp.hpp"

namespace tscope {

/// What the kernel thinks of CLOCK_REALTIME (adjtimex): S set and its bound of the error if
/// something disciplines it; else S clear and the largest error, 16 s, that NTP calls it by.
stamp::ErrorEstimate realtime_error();

/// CLOCK_REALTIME less CLOCK_MONOTONIC_RAW: how far slewing and steps moved it can be told later.
std::int64_t realtime_less_raw_ns();

}  // namespace tscope
