// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "analysis/delay/unit.hpp"
#include "tscope/base/histogram.hpp"

namespace tscope {

/// A unit's times from one stamp to the next.
struct UnitStages {
  explicit UnitStages(const Unit& unit);

  std::array<std::int64_t, places_max> since_previous{};  ///< [place]; of the first stamp's: 0
  std::int64_t whole = 0;
  bool below_zero = false;
  bool strange = false;  ///< stamps of two clocks, or ticks and times disagree
  bool in_figures() const { return !strange && !below_zero; }
};

/// Adds to a sum, which stays at the largest number: no sum of true times is so large.
inline void add_up(std::int64_t& sum, std::int64_t ns) {
  if (__builtin_add_overflow(sum, ns, &sum)) sum = INT64_MAX;
}

/// Times of the packets that have the same stamps, as far as they are kept for each flow.
struct WayTimes {
  void add(const Unit& unit, const UnitStages& stages);

  std::uint64_t packets = 0, segments = 0, negative = 0, inconsistent = 0;
  std::array<std::int64_t, places_max> sums{};  ///< [place]: since the stamp before it
  Histogram total;
  std::int64_t total_sum = 0;
};

/// Where a longest time was: from one stamp to another.
struct Longest {
  std::int64_t ns = INT64_MIN;
  Stamp from, to;
};

/// The same, the distribution of each stage, and where the longest time was.
struct ChainStatistics : WayTimes {
  void add(const Unit& unit);

  std::array<Histogram, places_max> since_previous;
  std::array<Longest, places_max> longest;
  Longest longest_total;
};

/// The statistics of a whole capture. How many chains are kept depends on devices, not on flows.
class Statistics {
 public:
  struct Key {
    Way way;
    std::uint16_t device;
    PacketKind kind;
    std::uint8_t seen;
    auto operator<=>(const Key&) const = default;
  };

  explicit Statistics(bool per_flow) : per_flow_(per_flow) {}
  bool per_flow() const { return per_flow_; }

  void add(Way way, const Unit& unit) {
    chains_[{way, unit.device, unit.kind, unit.seen}].add(unit);
    if (on_unit_) on_unit_(way, unit);
  }
  void follow(std::function<void(Way, const Unit&)> on_unit) { on_unit_ = std::move(on_unit); }
  const std::map<Key, ChainStatistics>& chains() const { return chains_; }

 private:
  bool per_flow_;
  std::map<Key, ChainStatistics> chains_;
  std::function<void(Way, const Unit&)> on_unit_;
};

/// What became of one flow's packets on one way.
class Outcomes {
 public:
  struct Key {
    PacketKind kind;
    std::uint8_t seen;
    bool merged;
    Unmatched above, below;  ///< why there is no stamp before the first, or after the last
    auto operator<=>(const Key&) const = default;
  };

  struct TimesKey {
    PacketKind kind;
    std::uint16_t device;
    std::uint8_t seen;
    auto operator<=>(const TimesKey&) const = default;
  };

  Outcomes(Way way, Statistics& statistics) : way_(way), statistics_(&statistics) {}

  /// before: why a stamp before the unit's first is missing, if one is; after: behind its last.
  void add(const Unit& unit, Unmatched before, Unmatched after);

  /// Was any packet found both at `at` and at a later place?
  bool found_from(std::size_t at) const { return (found_from_ >> at & 1) != 0; }
  /// The same of all places, a bit each.
  std::uint8_t found_from_bits() const { return found_from_; }
  /// The newest stamp at place `at` of a packet that got further, or `never`.
  std::int64_t newest_passed_ns(std::size_t at) const { return newest_passed_[at]; }
  /// The packet is not through, but got past `at`.
  void passed(const Unit& unit, std::size_t at);

  Way way() const { return way_; }
  const std::map<Key, std::uint64_t>& counts() const { return counts_; }
  /// Empty unless the statistics are per flow.
  const std::map<TimesKey, WayTimes>& times() const { return times_; }

  static constexpr std::int64_t never = INT64_MIN;

 private:
  Way way_;
  Statistics* statistics_;
  std::map<Key, std::uint64_t> counts_;
  std::map<TimesKey, WayTimes> times_;
  std::uint8_t found_from_ = 0;
  std::array<std::int64_t, places_max> newest_passed_{never, never, never, never, never};
};

/// Bounds what waits for its next stamp, in all flows together.
struct WaitingBudget {
  static constexpr std::size_t waiting_max = 1 << 18;
  static constexpr std::size_t table_max = 1 << 14;  ///< in one flow at one vantage point
  std::size_t waiting = 0;

  bool full(std::size_t table_size) const {
    return table_size >= table_max || (waiting >= waiting_max && table_size > 0);
  }
};

}  // namespace tscope
