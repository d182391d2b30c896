// SPDX-License-Identifier: MIT
#pragma once

#include "tscope/probe/ping_evidence.hpp"

namespace tscope {

/// Takes about 40 ms.
PingCalibration calibrate_ping();

}  // namespace tscope
