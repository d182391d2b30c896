// SPDX-License-Identifier: MIT
#include "live/ring_memory.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "tscope/base/error.hpp"

namespace tscope {

Mapping map_ring_memory(int fd, std::uint64_t offset, std::size_t bytes, Mapping::Access access) {
  Mapping memory(fd, offset, bytes, access);
  if (!memory) {
    throw Error(
        fmt::format("can't map the rings: {}; free some memory or ask for fewer --ring-slots",
                    std::strerror(errno)));
  }
  return memory;
}

}  // namespace tscope
