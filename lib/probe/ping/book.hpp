// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "probe/ping/machine_state.hpp"
#include "probe/ping/prober.hpp"
#include "tscope/probe/ping.hpp"

namespace tscope {

/// Probes that were sent, what came back, and what that makes of each reply.
class PingBook {
 public:
  struct Entry {
    std::uint64_t index = 0;
    std::int64_t realtime_ns = 0;
    std::optional<std::int64_t> call_ns;  // that sending it took
    PingStamps stamps;
    unsigned live_seen = 0;  // bits of the vantage points where an engine stamped it
    MachineState before;
    std::optional<Reply> reply;
    MachineState after;
  };

  /// What iputils remembers as well: sequence numbers have 16 bits.
  static constexpr std::size_t entries_max = 65536;

  Entry& add(std::uint64_t index);
  /// The newest never got out.
  void take_back();
  /// Nothing for what was never sent or is forgotten.
  Entry* find(std::uint64_t index);

  /// A note, or nothing: the entry has its first good reply now.
  std::optional<PingNote> take(const Reply& reply, PingCounts& counts);
  void take(const TransmitStamp& stamp);

  /// Oldest first.
  std::deque<Entry>& entries() { return entries_; }

 private:
  std::deque<Entry> entries_;
  std::uint64_t newest_answered_ = 0;
};

}  // namespace tscope
