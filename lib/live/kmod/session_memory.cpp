// SPDX-License-Identifier: MIT
#include "live/kmod/session_memory.hpp"

#include <fmt/format.h>

#include <cstring>

#include "live/ring_memory.hpp"
#include "tscope/base/error.hpp"

namespace tscope {

std::vector<Ring> map_rings(const Device& device, std::vector<Mapping>& mappings) {
  const auto map = [&](std::uint64_t offset, std::size_t bytes, Mapping::Access access) {
    mappings.push_back(map_ring_memory(device.fd(), offset, bytes, access));
    return mappings.back().as<char>();
  };
  const std::size_t info_bytes =
      sizeof(tscope_map_info) + device.info().cpus * sizeof(tscope_ring_info);
  const auto* info = reinterpret_cast<const tscope_map_info*>(
      map(TSCOPE_MMAP_INFO, info_bytes, Mapping::Access::read));
  char* tails = map(TSCOPE_MMAP_TAIL, info->tail_bytes, Mapping::Access::write);
  std::vector<Ring> rings;
  for (std::uint32_t cpu = 0; cpu < info->cpus; cpu++) {
    const char* data =
        map(TSCOPE_MMAP_DATA + cpu * info->ring_bytes, info->ring_bytes, Mapping::Access::read);
    auto* tail = reinterpret_cast<std::uint64_t*>(tails + std::size_t{cpu} * info->tail_stride);
    rings.emplace_back(&info->rings[cpu], tail, reinterpret_cast<const tscope_record*>(data),
                       info->slots, cpu);
  }
  return rings;
}

Anchor kmod_anchor(const Device& device) {
  Anchor anchor{};
  if (const int error = device.call(TSCOPE_IOC_ANCHOR, &anchor); error != 0) {
    throw Error(fmt::format("can't read the module's clock: {}; load the module anew",
                            std::strerror(error)));
  }
  return anchor;
}

}  // namespace tscope
