// SPDX-License-Identifier: MIT
#include "live/kmod/session_memory.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstring>

#include "tscope/base/error.hpp"

namespace tscope {

std::vector<Ring> map_rings(const Device& device, std::vector<Mapping>& mappings) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t info_bytes =
      sizeof(tscope_map_info) + device.info().cpus * sizeof(tscope_ring_info);
  mappings.emplace_back(device.fd(), TSCOPE_MMAP_INFO, (info_bytes + page - 1) / page * page,
                        false);
  const auto* info = static_cast<const tscope_map_info*>(mappings.back().data());
  mappings.emplace_back(device.fd(), TSCOPE_MMAP_TAIL, info->tail_bytes, true);
  char* tails = static_cast<char*>(mappings.back().data());
  std::vector<Ring> rings;
  for (std::uint32_t cpu = 0; cpu < info->cpus; cpu++) {
    mappings.emplace_back(device.fd(), TSCOPE_MMAP_DATA + cpu * info->ring_bytes, info->ring_bytes,
                          false);
    auto* tail = reinterpret_cast<std::uint64_t*>(tails + std::size_t{cpu} * info->tail_stride);
    rings.emplace_back(&info->rings[cpu], tail,
                       static_cast<const tscope_record*>(mappings.back().data()), info->slots, cpu);
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
