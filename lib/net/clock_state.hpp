// SPDX-License-Identifier: MIT
#pragma once

#include "train/stamp.hpp"

namespace tscope {

/// What the kernel thinks of CLOCK_REALTIME (adjtimex): S set and its bound of the error if
/// something disciplines it; else S clear and the largest error, 16 s, that NTP calls it by.
stamp::ErrorEstimate realtime_error();

}  // namespace tscope
