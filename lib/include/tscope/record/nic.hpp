// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "tscope/record/packet.hpp"

namespace tscope {

/// A NIC's clock and the capture's read at one instant (docs/timing.md).
struct NicReading {
  std::uint64_t tsc = 0;     ///< middle of the read, on the clock that stamps the capture
  std::uint64_t width = 0;   ///< of the same clock: the NIC's time was read within tsc +- width / 2
  std::uint64_t nic_ns = 0;  ///< the NIC's clock
  std::uint32_t phc = 0;

  bool operator==(const NicReading&) const = default;
};

/// What became of the stamps of one device and direction. Only those used are packets of a Source;
/// the others count as absent.
struct NicStamps {
  Interface interface;        ///< eth0/hw-rx
  int phc = -1;               ///< the clock; -1: this device has none that can be read
  std::int64_t error_ns = 0;  ///< bound of a stamp's error against the capture's other stamps
  std::uint64_t used = 0;
  std::uint64_t zero = 0;      ///< no stamp: the NIC does not stamp such frames, or not now
  std::uint64_t still = 0;     ///< the clock stands still, or says the same as for the frame before
  std::uint64_t stray = 0;     ///< over a second from when the kernel saw it: not of this clock
  std::uint64_t no_clock = 0;  ///< a stamp, but of no clock that can be read
  std::uint64_t steps = 0;     ///< times that the NIC's clock was set; stamps around one are wrong

  std::uint64_t absent() const { return zero + still + stray + no_clock; }
  bool operator==(const NicStamps&) const = default;
};

/// Returns the NIC's time in a record at hw-rx or hw-tx; 0: none.
std::uint64_t nic_time(const tscope_record& record);

}  // namespace tscope
