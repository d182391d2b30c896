// SPDX-License-Identifier: MIT
#pragma once

#include <sys/timex.h>

#include <cstdint>

#include "probe/wire/stamp.hpp"

namespace tscope {

/// Asks the kernel about its clock as adjtimex(2) does; tests answer in the kernel's place.
using AskClock = int (*)(timex*);

/// Returns how far CLOCK_REALTIME may be from UTC, as every packet of ours states it (RFC 8762
/// section 4.2.1, RFC 4656 section 4.1.2).
///
/// While something disciplines the clock, S is set and the error is the kernel's `maxerror`. Else
/// (or if the kernel does not answer) S is clear and the error is 16 s, the largest that NTP states
/// (MAXDISP, RFC 5905 section 7.3): `maxerror` is then only what the last discipline left behind,
/// and no bound of anything.
stamp::ErrorEstimate realtime_error(AskClock ask = adjtimex);

/// Returns CLOCK_REALTIME less CLOCK_MONOTONIC_RAW, which tells later how far the wall clock was
/// slewed or stepped.
std::int64_t realtime_less_raw_ns();

}  // namespace tscope
