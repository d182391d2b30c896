// SPDX-License-Identifier: MIT
#pragma once

#include "tscope/record/clock.hpp"
#include "tscope/record/loss.hpp"

namespace tscope {

/// Adds what another part of a capture lost.
void add(Loss& sum, const Loss& loss);

/// Makes `sum` say what holds for the times of both parts: the worse of each bound.
void add(ClockInfo& sum, const ClockInfo& clock);

}  // namespace tscope
