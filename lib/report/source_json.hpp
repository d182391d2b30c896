// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "report/json.hpp"
#include "tscope/record/source.hpp"

namespace tscope {

/// Returns what reports on a capture say of the records that were lost.
Json loss_object(const Loss& loss);

/// Returns what a capture that has just been taken says of them: nothing was lost elsewhere.
Json live_loss_object(const Loss& loss);

/// Returns what reports on a capture say of its times.
Json clock_object(const ClockInfo& clock);

/// Returns what is said of this machine's clock, which resolves single ticks.
Json live_clock_object(const ClockInfo& clock);

/// Returns what became of the NICs' stamps.
Json nics_object(const std::vector<NicStamps>& nics);

}  // namespace tscope
