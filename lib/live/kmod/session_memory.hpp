// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "base/mapping.hpp"
#include "live/kmod/device.hpp"
#include "live/reader/ring.hpp"
#include "tscope/record/clock.hpp"

namespace tscope {

/// Maps a configured session's rings, one a CPU; they live as long as `mappings`. Throws Error.
std::vector<Ring> map_rings(const Device& device, std::vector<Mapping>& mappings);

/// The module's three clocks now. Throws Error.
Anchor kmod_anchor(const Device& device);

}  // namespace tscope
