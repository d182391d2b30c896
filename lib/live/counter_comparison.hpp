// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>

#include "live/devices/link_table.hpp"
#include "tscope/live/passed_packets.hpp"
#include "tscope/live/visited_netns.hpp"
#include "tscope/record/counter_check.hpp"

namespace tscope {

/// Both counts at about one moment. Packets under way then are in one count and not in the other.
struct CounterSample {
  PassedPackets passed;
  LinkTable links;
};

/// What a comparison needs to know at one end of a capture: a sample, and one shortly before and
/// after it, which tell how much is under way.
struct CounterReading {
  CounterSample before, now, after;
};

/// Compares what passed a session's hooks with the counters of the interfaces
/// (docs/completeness.md).
class CounterComparison {
 public:
  /// passed: of the session, at any time while it runs; nothing if it doesn't count.
  /// netns: where the interfaces are; null: the calling thread's.
  explicit CounterComparison(std::function<std::optional<PassedPackets>()> passed,
                             const VisitedNetns* netns = nullptr);

  /// Takes the first reading; once the session runs. Takes 10 ms.
  void begin();
  /// Takes the last reading; before the session stops. Takes 10 ms.
  void end();
  CounterCheck result() const;

 private:
  std::optional<CounterReading> read();

  std::function<std::optional<PassedPackets>()> passed_;
  const VisitedNetns* netns_;
  bool counts_ = false;
  std::optional<CounterReading> begin_, end_;
  std::vector<InterfaceCheck> checks_;
};

/// Compares two readings. driver: returns the driver of an interface by its name.
std::vector<InterfaceCheck> compare_counters(
    const CounterReading& begin, const CounterReading& end,
    const std::function<std::string(const std::string& name)>& driver);

}  // namespace tscope
