// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <vector>

#include "analysis/delay/tally.hpp"

namespace tscope {

/// What is kept of flows that were followed to their end: those with the most packets one by one,
/// of the others sums. So memory does not grow with the number of flows.
class FinishedFlows {
 public:
  static constexpr std::size_t kept_max = 128;  ///< with a socket here, and as many without

  struct One {
    Flow flow;
    std::uint32_t netns;
    bool datagrams;
    bool has_socket;
    std::uint64_t packets;
    Outcomes outcomes;
  };

  /// Flows that a report can't tell apart.
  struct Alike {
    Way way;
    bool datagrams, has_socket;
    std::uint8_t kinds;       ///< a bit a kind of packet
    std::uint8_t found_from;  ///< Outcomes::found_from(), a bit a place
    auto operator<=>(const Alike&) const = default;
  };
  struct Sum {
    std::uint64_t flows = 0, packets = 0;
    std::map<Outcomes::Key, std::uint64_t> counts;
  };

  void add(const Flow& flow, std::uint32_t netns, bool datagrams, bool has_socket,
           Outcomes&& outcomes);

  std::vector<One> kept() &&;
  const std::map<Alike, Sum>& others() const { return others_; }

 private:
  void add_up(const One& one);

  std::array<std::vector<One>, 2> kept_;  // heaps by has_socket, the least at the front
  std::map<Alike, Sum> others_;
};

/// The kinds among the counts, a bit each.
std::uint8_t kinds_of(const Outcomes& outcomes);

}  // namespace tscope
