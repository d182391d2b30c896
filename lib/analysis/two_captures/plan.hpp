// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "analysis/two_captures/survey.hpp"

namespace tscope {

/// A flow's direction that both captures saw, and where it is compared.
struct FlowPlan {
  Flow flow;
  bool towards_second = true;
  bool assumed = false;             ///< nothing told the direction
  std::array<Interface, 2> points;  ///< of each file
  std::optional<Interface> last;    ///< behind points[] in the machine that it travels into
  std::size_t into() const { return towards_second ? 1 : 0; }
};

/// The last vantage point of a flow on its way out of a machine; the first on its way in. The
/// driver's before the layers above it. Of one at least.
Interface point_out(const std::vector<Interface>& points);
Interface point_in(const std::vector<Interface>& points);

std::vector<FlowPlan> plan_flows(const CaptureSurvey& first, const CaptureSurvey& second,
                                 const CaptureOverlap& overlap);

/// Why the files seem to be given the wrong way round; "" if they don't.
std::string why_swapped(const CaptureSurvey& first, const CaptureSurvey& second,
                        const std::vector<FlowPlan>& plans);

}  // namespace tscope
