// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <vector>

#include "analysis/delay/captured.hpp"
#include "analysis/delay/finished_flows.hpp"

namespace tscope {

/// Returns the vantage points among the capture's facts ("vantage_points") that should have seen
/// packets and saw none.
std::vector<SilentVantage> silent_vantages(const std::map<std::string, std::string>& facts,
                                           const Captured& captured,
                                           const std::vector<DelayFlow>& flows);

/// Pairs flows that only the driver has with flows that only sockets have.
std::vector<ChangedAddress> changed_addresses(const std::vector<FinishedFlows::One>& flows);

}  // namespace tscope
