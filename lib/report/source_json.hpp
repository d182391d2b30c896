// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>

#include "tscope/record/source.hpp"

namespace tscope {

/// What every report says of the records that were lost.
nlohmann::ordered_json loss_json(const Loss& loss);

/// What every report says of its times.
nlohmann::ordered_json clock_json(const ClockInfo& clock);

/// What became of the NICs' stamps.
nlohmann::ordered_json nics_json(const std::vector<NicStamps>& nics);

}  // namespace tscope
