// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "probe/ping/queue_watch.hpp"
#include "tscope/base/descriptor.hpp"
#include "tscope/probe/ping_evidence.hpp"

namespace tscope {

/// Counters of this thread and of a CPU at one moment; absent where the kernel has none.
struct MachineState {
  std::optional<unsigned> cpu;  ///< whose times read_slow() takes: if it's none, it sets this one's
  std::int64_t at_ns = 0;       ///< of read_slow()
  std::int64_t quick_at_ns = 0;
  std::optional<std::uint64_t> preemptions;
  std::optional<std::int64_t> run_queue_ns, softirq_ns, steal_ns;
  std::optional<std::uint64_t> qdisc_bytes, driver_bytes;
  std::int64_t realtime_less_raw_ns = 0;
};

/// Reads them. Of the thread that made it.
class MachineWatch {
 public:
  /// device: that probes leave by, "" for none.
  explicit MachineWatch(const std::string& device);

  /// CPU times and queues: takes some tens of microseconds.
  void read_slow(MachineState& state);
  /// The rest: takes a few.
  void read_quick(MachineState& state);
  /// What can't be read here, one line each.
  std::vector<std::string> lacking() const;

 private:
  void read_cpu_times(MachineState& state);

  Descriptor schedstat_, stat_;
  QueueWatch queues_;
  std::string device_;
  std::vector<char> buffer_;
};

/// The difference, as evidence. CPU times only if both are of one CPU.
void add_evidence(PingEvidence& evidence, const MachineState& before, const MachineState& after);

/// The "cpuN" line's soft interrupt and steal columns, in ns; nothing if there is no such line.
struct CpuTimes {
  std::int64_t softirq_ns = 0, steal_ns = 0;
};
std::optional<CpuTimes> parse_cpu_times(std::string_view stat, unsigned cpu, std::int64_t tick_ns);

}  // namespace tscope
