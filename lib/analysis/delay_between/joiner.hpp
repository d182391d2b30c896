// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "analysis/delay/unit.hpp"
#include "analysis/two_captures/two_captures.hpp"
#include "tscope/analysis/delay_between_report.hpp"
#include "tscope/base/histogram.hpp"

namespace tscope {

/// Puts together what is known of a packet: its stamps in each machine, and that two records, one
/// in each capture, are of it. They come in any order; a record's number in its file tells which
/// belong together.
class Joiner {
 public:
  explicit Joiner(const TwoCaptures& captures);

  /// A packet as one capture saw it.
  void add(std::size_t file, Way way, const Unit& unit);
  void match(const PacketMatcher::Match& match);
  void missing(std::size_t file, const PacketStamp& packet);
  void copy(std::size_t file, const PacketStamp& packet);

  void finish(DelayBetweenReport& report);

 private:
  static constexpr std::size_t waiting_max = 1 << 16;  // at each side, and of matches

  // One machine's part of a packet, [0] of the one that it leaves, [1] of the one that it reaches.
  struct Half {
    Unit unit;
    bool alone = true;   // only the vantage point next to the other capture
    bool waits = false;  // the unit is still to come
    std::uint64_t number = 0;
  };
  struct Joined {
    std::uint32_t plan = 0;
    std::array<Half, 2> halves;
    std::optional<std::int64_t> between_ns;
  };
  struct Side {
    std::unordered_map<std::uint64_t, Unit> units;           // that no match has asked for
    std::unordered_map<std::uint64_t, std::uint64_t> asked;  // record: the match that waits for it
    std::deque<std::uint64_t> order;                         // of units
  };
  struct Key {
    std::size_t route;
    std::array<bool, 2> alone;
    std::array<PacketKind, 2> kinds;
    std::array<std::uint8_t, 2> seen;
    std::array<bool, 2> socket;  // the flow has one there
    auto operator<=>(const Key&) const = default;
  };
  struct Times {
    DelayBetweenChain counts;
    // [0, places_max): in the machine that it leaves, since the stamp before; then since the other
    // capture's last stamp, and in the machine that it reaches.
    std::array<Histogram, 2 * places_max> since_previous;
    std::array<std::int64_t, 2 * places_max> sums{};
    Histogram total;
    std::int64_t total_sum = 0;
  };

  std::size_t file_of(std::uint32_t plan, std::size_t half) const;
  std::size_t route_of(std::uint32_t plan);
  Half half_of(const PacketStamp& stamp, std::size_t half) const;
  bool has_socket(const Joined& joined, std::size_t half) const;
  void wait(const Joined& joined);
  void forget(std::uint64_t id);
  void count(const Joined& joined);
  bool is_whole(const Key& key) const;
  DelayBetweenChain chain_of(const Key& key, const Times& times) const;

  const TwoCaptures& captures_;
  std::array<bool, 2> passes_on_{};  // a flow without socket records has no socket there
  std::array<Side, 2> sides_;
  std::unordered_map<std::uint64_t, Joined> waiting_;
  std::deque<std::uint64_t> turns_;  // of waiting_, those joined are passed over
  std::uint64_t next_id_ = 0;
  std::vector<DelayBetweenCounts> routes_;
  std::vector<std::size_t> route_by_plan_;
  std::map<Key, Times> chains_;
  // Places at which any packet was seen, by file, way and datagrams.
  std::array<std::array<std::array<std::uint8_t, 2>, 2>, 2> captured_{};
};

}  // namespace tscope
