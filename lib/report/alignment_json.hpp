// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "report/json.hpp"
#include "tscope/align/alignment.hpp"
#include "tscope/analysis/two_captures.hpp"

namespace tscope {

/// Returns how the second clock lies to the first and how well that is known.
Json offset_object(const Alignment& alignment);

/// Returns how far the intervals' least delays lie from the line of the alignment.
Json residual_object(const Alignment& alignment);

/// Returns what reports of two captures say of their clocks.
Json alignment_object(const Alignment& alignment, const std::string& note);

/// Returns which file's vantage point it is.
Json point_object(const CapturePoint& point);

}  // namespace tscope
