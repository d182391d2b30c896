// SPDX-License-Identifier: MIT
#include "delay/tally.hpp"

#include <algorithm>
#include <optional>

namespace tscope {

namespace {

// Times come from the ticks, so both tell the same order.
bool contradicts(const Stamp& a, const Stamp& b) {
  if (a.clock != b.clock) return true;
  return a.tsc != 0 && b.tsc != 0 && a.time_ns != b.time_ns &&
         (a.tsc < b.tsc) != (a.time_ns < b.time_ns);
}

}  // namespace

void ChainStatistics::add(const Unit& unit) {
  std::array<std::int64_t, places_max> stages{};
  std::optional<std::size_t> first, previous;
  bool below_zero = false, strange = false;
  for (std::size_t at = 0; at < places_max; at++) {
    if (!unit.has(at)) continue;
    if (previous) {
      stages[at] = unit.stamps[at].time_ns - unit.stamps[*previous].time_ns;
      below_zero = below_zero || stages[at] < 0;
      strange = strange || contradicts(unit.stamps[*previous], unit.stamps[at]);
    } else {
      first = at;
    }
    previous = at;
  }
  packets++;
  segments += unit.segs;
  if (strange || below_zero || !first) {
    (strange ? inconsistent : negative)++;
    return;
  }
  for (std::size_t at = *first + 1; at <= *previous; at++) {
    if (!unit.has(at)) continue;
    since_previous[at].add(stages[at]);
    sums[at] += stages[at];
  }
  const std::int64_t whole = unit.stamps[*previous].time_ns - unit.stamps[*first].time_ns;
  total.add(whole);
  total_sum += whole;
}

void Outcomes::passed(const Unit& unit, std::size_t at) {
  found_from_ = static_cast<std::uint8_t>(found_from_ | 1U << at);
  newest_passed_[at] = std::max(newest_passed_[at], unit.stamps[at].time_ns);
}

void Outcomes::add(const Unit& unit, Unmatched before, Unmatched after) {
  std::optional<std::size_t> previous;
  for (std::size_t at = 0; at < places_max; at++) {
    if (!unit.has(at)) continue;
    if (previous) passed(unit, *previous);
    previous = at;
  }
  counts_[{unit.kind, unit.seen, unit.merged, before, after}]++;
  statistics_.add(way_, unit);
}

}  // namespace tscope
