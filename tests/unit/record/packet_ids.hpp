// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <vector>

#include "tscope/file/capture_file.hpp"
#include "unit/file/capture_bytes.hpp"

namespace tscope::test {

/// The packet ids in a file of these packets, in their order; 0 where there is none.
inline std::vector<std::uint64_t> packet_ids(const std::vector<Packet>& packets) {
  MemoryFile memory;
  {
    CaptureFile file(memory.path(), LinkType::raw_ip, {});
    for (const Packet& packet : packets) file.write(packet, {"eth0", Vantage::driver_rx});
  }
  const Bytes bytes = memory.bytes();
  const auto u32 = [&](std::size_t at) {
    std::uint32_t value = 0;
    std::memcpy(&value, &bytes.at(at), 4);
    return value;
  };
  std::vector<std::uint64_t> ids;
  for (std::size_t at = 0; at < bytes.size(); at += u32(at + 4)) {
    if (u32(at) != 6) continue;
    ids.push_back(0);
    const std::size_t end = at + u32(at + 4) - 4;
    for (std::size_t option = at + 28 + (u32(at + 20) + 3) / 4 * 4; option + 4 <= end;) {
      const std::uint32_t head = u32(option);
      if ((head & 0xffff) == 5) std::memcpy(&ids.back(), &bytes.at(option + 4), 8);
      option += 4 + ((head >> 16) + 3) / 4 * 4;
    }
  }
  return ids;
}

}  // namespace tscope::test
