// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "live/reader/ring.hpp"

namespace tscope {

/// Puts the records of all CPUs into the order of their TSC.
///
/// Nobody knows what a silent CPU is about to say, so a record waits, in its ring, until it is
/// older than the reorder window; one that turns up later still is handed out at once, as late.
/// When the waiting ones fill more than a quarter of a ring, its oldest go before their time:
/// better out of order than lost.
class Merge {
 public:
  /// window: ticks.
  Merge(std::vector<Ring> rings, std::uint64_t window);

  /// Looks for new records. now: the TSC, read before the call.
  void gather(std::uint64_t now);
  /// The same when nothing will follow: hands out what there is, however young.
  void gather_rest(std::uint64_t now);

  /// The next record and whether it is late; nullptr: gather() again. Valid until the next call.
  const tscope_record* next(bool& late);

  /// Everything stamped up to here has been handed out when next() gives nullptr, but for late
  /// records.
  std::uint64_t limit() const { return limit_; }
  std::uint64_t late() const { return late_; }
  /// Records that made no sense, left out.
  std::uint64_t invalid() const { return invalid_; }
  const std::vector<Ring>& rings() const { return rings_; }

 private:
  struct Key {
    std::uint64_t tsc;
    std::uint64_t index;
  };

  struct Queue {
    std::uint64_t cursor = 0;  // next slot to look at
    std::uint64_t held = 0;    // first slot not given back
    std::vector<Key> waiting;  // from `first` on, by TSC
    std::size_t first = 0;
    std::vector<std::uint8_t> done;  // by slot: handed out, or left out

    bool empty() const { return first == waiting.size(); }
    std::uint64_t oldest() const { return waiting[first].tsc; }
  };

  struct Head {
    std::uint64_t tsc;
    std::size_t ring;
    // For a heap with the oldest on top.
    bool operator<(const Head& other) const { return tsc > other.tsc; }
  };

  void look_at(std::size_t ring, std::uint64_t newest_possible);
  void leave_out(std::size_t ring);
  void make_room(std::size_t ring);
  void give_back(std::size_t ring);
  void begin_round();
  bool choose_ring();

  std::vector<Ring> rings_;
  std::vector<Queue> queues_;
  std::vector<Head> heads_;
  std::uint64_t window_;
  std::uint64_t future_;  // how far ahead of now a sound stamp may be
  std::uint64_t limit_ = 0;
  std::uint64_t newest_ = 0;  // handed out so far
  std::uint64_t late_ = 0;
  std::uint64_t invalid_ = 0;
  bool chosen_ = false;
  std::size_t ring_ = 0;     // whose records are handed out now
  std::uint64_t until_ = 0;  // as long as they are not younger than this
  unsigned unreturned_ = 0;
};

}  // namespace tscope
