// SPDX-License-Identifier: MIT
#include "analysis/delay/tally.hpp"

#include <algorithm>
#include <bit>
#include <optional>

namespace tscope {

namespace {

// Times come from the ticks, so both tell the same order.
bool contradicts(const Stamp& a, const Stamp& b) {
  if (a.clock != b.clock) return true;
  return a.tsc != 0 && b.tsc != 0 && a.time_ns != b.time_ns &&
         (a.tsc < b.tsc) != (a.time_ns < b.time_ns);
}

// Of equal ones the first.
void note(Longest& longest, std::int64_t ns, const Stamp& from, const Stamp& to) {
  if (ns > longest.ns) longest = {ns, from, to};
}

}  // namespace

UnitStages::UnitStages(const Unit& unit) {
  std::optional<std::size_t> previous;
  for (std::size_t at = 0; at < places_max; at++) {
    if (!unit.has(at)) continue;
    if (previous) {
      since_previous[at] = unit.stamps[at].time_ns - unit.stamps[*previous].time_ns;
      whole += since_previous[at];
      below_zero = below_zero || since_previous[at] < 0;
      strange = strange || contradicts(unit.stamps[*previous], unit.stamps[at]);
    }
    previous = at;
  }
}

void WayTimes::add(const Unit& unit, const UnitStages& stages) {
  packets++;
  segments += unit.segs;
  if (!stages.in_figures()) {
    (stages.strange ? inconsistent : negative)++;
    return;
  }
  for (std::size_t at = 0; at < places_max; at++) add_up(sums[at], stages.since_previous[at]);
  total.add(stages.whole);
  add_up(total_sum, stages.whole);
}

void ChainStatistics::add(const Unit& unit) {
  const UnitStages stages(unit);
  WayTimes::add(unit, stages);
  if (!stages.in_figures()) return;
  const auto first = static_cast<std::size_t>(std::countr_zero(unit.seen));
  std::size_t previous = first;
  for (std::size_t at = first + 1; at < places_max; at++) {
    if (!unit.has(at)) continue;
    since_previous[at].add(stages.since_previous[at]);
    note(longest[at], stages.since_previous[at], unit.stamps[previous], unit.stamps[at]);
    previous = at;
  }
  note(longest_total, stages.whole, unit.stamps[first], unit.stamps[previous]);
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
  statistics_->add(way_, unit);
  if (!statistics_->per_flow()) return;
  const auto [entry, made] = times_.try_emplace({unit.kind, unit.device, unit.seen});
  if (made) entry->second.total = Histogram::coarse();
  entry->second.add(unit, UnitStages(unit));
}

}  // namespace tscope
