// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "tscope/base/tsc.hpp"

namespace tscope {

/// CPUs that this process may run on.
std::vector<int> usable_cpus();

/// One tick count handed back and forth between two CPUs, each reading its TSC after it saw the
/// other's.
struct HandOffs {
  std::uint64_t count = 0;
  std::uint64_t backward = 0;     ///< reads earlier than the one handed over
  std::uint64_t worst_ticks = 0;  ///< by how much at most
};

/// Runs a thread on each CPU until `count` hand-offs are done or `limit` is over: on a busy host a
/// CPU that the other waits for may not run at all. read: replaceable, so that a skewed clock can
/// be tested.
HandOffs compare_tsc(int first_cpu, int second_cpu, std::uint64_t count,
                     std::chrono::milliseconds limit, std::uint64_t (*read)() = read_tsc);

/// Cost of an ordered TSC read, by reads back to back.
struct ReadCost {
  std::uint64_t min_ticks = 0;
  std::uint64_t median_ticks = 0;
  double tsc_hz = 0;  ///< measured against CLOCK_MONOTONIC_RAW

  double min_ns() const { return static_cast<double>(min_ticks) * 1e9 / tsc_hz; }
  double median_ns() const { return static_cast<double>(median_ticks) * 1e9 / tsc_hz; }
};
ReadCost measure_read_cost();

/// A read in hardware takes 5 to 40 ns with its fence, one that exits to a hypervisor 500 ns and
/// more (Xen's emulation: 2500). The cheapest read decides, so that no interruption counts.
inline constexpr double trapped_read_ns = 300;
inline bool looks_trapped(const ReadCost& cost) {
  return cost.min_ns() > trapped_read_ns;
}

}  // namespace tscope
