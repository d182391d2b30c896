// SPDX-License-Identifier: MIT
#pragma once

#include "base/mapping.hpp"

namespace tscope {

/// Maps memory in which an engine keeps its rings. Throws Error.
Mapping map_ring_memory(int fd, std::uint64_t offset, std::size_t bytes, Mapping::Access access);

}  // namespace tscope
