// SPDX-License-Identifier: MIT
#include "analysis/delay_between/joiner.hpp"

#include <algorithm>
#include <bit>

#include "analysis/delay/stage.hpp"
#include "analysis/delay/tally.hpp"

namespace tscope {

namespace {

constexpr std::array ways{Way::send, Way::receive};  // by half
// The record next to the other capture.
std::uint64_t edge_of(Way way, const Unit& unit) {
  const auto at = way == Way::send ? std::bit_width(unit.seen) - 1 : std::countr_zero(unit.seen);
  return unit.stamps[static_cast<std::size_t>(at)].number;
}

}  // namespace

Joiner::Joiner(const TwoCaptures& captures) : captures_(captures) {
  for (std::uint32_t plan = 0; plan < captures.plans().size(); plan++) {
    route_by_plan_.push_back(route_of(plan));
  }
  for (std::size_t file = 0; file < 2; file++) {
    const CaptureSurvey& survey = captures.survey_of(file);
    passes_on_[file] =
        !survey.is_endpoint() || std::ranges::any_of(survey.flows(), [&](const auto& entry) {
          return survey.has_socket(entry.first);
        });
  }
}

std::size_t Joiner::file_of(std::uint32_t plan, std::size_t half) const {
  const std::size_t into = captures_.plans()[plan].into();
  return half == 1 ? into : 1 - into;
}

std::size_t Joiner::route_of(std::uint32_t plan) {
  const auto point = [&](std::size_t half) {
    const std::size_t file = file_of(plan, half);
    return CapturePoint{file, captures_.plans()[plan].points[file]};
  };
  const CapturePoint from = point(0), to = point(1);
  const auto known = std::ranges::find_if(routes_, [&](const DelayBetweenCounts& route) {
    return route.from.file == from.file && route.from.interface == from.interface &&
           route.to.interface == to.interface;
  });
  const auto index = static_cast<std::size_t>(known - routes_.begin());
  if (known == routes_.end()) routes_.push_back({from, to, 0, 0, {}, {}, {}});
  return index;
}

// A machine that only passes the flow on, with one vantage point of this way, has no more to tell.
Joiner::Half Joiner::half_of(const PacketStamp& stamp, std::size_t half) const {
  const FlowPlan& plan = captures_.plans()[stamp.flow];
  const std::size_t file = file_of(stamp.flow, half);
  const CaptureSurvey& survey = captures_.survey_of(file);
  const auto& seen = survey.flows().at(plan.flow);
  const auto of_way = [&](Vantage vantage) {
    const auto place = place_of(vantage);
    return place && place->way == ways[half];
  };
  Half result;
  result.number = stamp.number;
  const auto places = std::ranges::count_if(
      seen.points, [&](const Interface& point) { return of_way(point.vantage); });
  result.alone = !of_way(plan.points[file].vantage) ||
                 (places < 2 && passes_on_[file] && !survey.has_socket(plan.flow));
  result.waits = !result.alone;
  result.unit.segs = std::max<std::uint16_t>(1, stamp.segs);
  result.unit.kind = stamp.datagram      ? PacketKind::datagram
                     : stamp.has_payload ? PacketKind::data
                                         : PacketKind::control;
  return result;
}

void Joiner::match(const PacketMatcher::Match& match) {
  Joined joined;
  joined.plan = match.first.flow;
  const bool towards_second = captures_.plans()[joined.plan].towards_second;
  routes_[route_by_plan_[joined.plan]].matched++;
  if (const auto offset = captures_.alignment_used().offset_at(match.first.time_ns)) {
    const std::int64_t distance = match.second.time_ns - *offset - match.first.time_ns;
    joined.between_ns = towards_second ? distance : -distance;
  }
  for (std::size_t half = 0; half < 2; half++) {
    Half& mine = joined.halves[half];
    mine = half_of((half == 0) == towards_second ? match.first : match.second, half);
    Side& side = sides_[file_of(joined.plan, half)];
    const auto known = side.units.find(mine.number);
    if (!mine.waits || known == side.units.end()) continue;
    mine.unit = known->second;
    mine.waits = false;
    side.units.erase(known);
  }
  if (joined.halves[0].waits || joined.halves[1].waits) {
    wait(joined);
  } else {
    count(joined);
  }
}

void Joiner::wait(const Joined& joined) {
  while (!turns_.empty() && (waiting_.size() >= waiting_max || turns_.size() >= 4 * waiting_max ||
                             !waiting_.contains(turns_.front()))) {
    forget(turns_.front());
    turns_.pop_front();
  }
  const std::uint64_t id = next_id_++;
  for (std::size_t half = 0; half < 2; half++) {
    const Half& mine = joined.halves[half];
    if (mine.waits) sides_[file_of(joined.plan, half)].asked[mine.number] = id;
  }
  waiting_.emplace(id, joined);
  turns_.push_back(id);
}

void Joiner::forget(std::uint64_t id) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return;
  const Joined& joined = found->second;
  routes_[route_by_plan_[joined.plan]].incomplete++;
  for (std::size_t half = 0; half < 2; half++) {
    const Half& mine = joined.halves[half];
    if (mine.waits) sides_[file_of(joined.plan, half)].asked.erase(mine.number);
  }
  waiting_.erase(found);
}

void Joiner::add(std::size_t file, Way way, const Unit& unit) {
  std::uint8_t& captured =
      captured_[file][static_cast<std::size_t>(way)][is_datagram(unit.kind) ? 1 : 0];
  captured = static_cast<std::uint8_t>(captured | unit.seen);
  if (unit.seen == 0) return;
  Side& side = sides_[file];
  const std::uint64_t number = edge_of(way, unit);
  const auto asked = side.asked.find(number);
  if (asked == side.asked.end()) {
    if (side.units.try_emplace(number, unit).second) side.order.push_back(number);
    if (side.order.size() > waiting_max) {
      side.units.erase(side.order.front());
      side.order.pop_front();
    }
    return;
  }
  const auto found = waiting_.find(asked->second);
  side.asked.erase(asked);
  Joined& joined = found->second;
  Half& mine = joined.halves[static_cast<std::size_t>(way)];
  mine.unit = unit;
  mine.waits = false;
  if (joined.halves[0].waits || joined.halves[1].waits) return;
  count(joined);
  waiting_.erase(found);
}

void Joiner::missing(std::size_t file, const PacketStamp& packet) {
  DelayBetweenCounts& route = routes_[route_by_plan_[packet.flow]];
  const bool held = captures_.coverage()[packet.flow][file].holds(packet.time_ns);
  (held ? route.unmatched : route.outside)[file == route.from.file ? 0 : 1]++;
}

void Joiner::copy(std::size_t file, const PacketStamp& packet) {
  DelayBetweenCounts& route = routes_[route_by_plan_[packet.flow]];
  route.copies[file == route.from.file ? 0 : 1]++;
}

bool Joiner::has_socket(const Joined& joined, std::size_t half) const {
  if ((joined.halves[half].unit.seen & socket_places[half]) != 0) return true;
  const CaptureSurvey& survey = captures_.survey_of(file_of(joined.plan, half));
  return survey.has_socket(captures_.plans()[joined.plan].flow);
}

void Joiner::count(const Joined& joined) {
  const auto& [from, into] = joined.halves;
  const Key key{route_by_plan_[joined.plan],
                {from.alone, into.alone},
                {from.unit.kind, into.unit.kind},
                {from.unit.seen, into.unit.seen},
                {has_socket(joined, 0), has_socket(joined, 1)}};
  Times& times = chains_[key];
  DelayBetweenChain& counts = times.counts;
  counts.packets++;
  counts.segments += from.unit.segs;
  const std::array stages{UnitStages(from.unit), UnitStages(into.unit)};
  if (stages[0].strange || stages[1].strange) {
    counts.inconsistent++;
  } else if (stages[0].below_zero || stages[1].below_zero) {
    counts.negative++;
  } else if (!joined.between_ns) {
    counts.unaligned++;
  } else if (*joined.between_ns < 0) {
    const auto& error_ns = captures_.alignment().error_ns;
    const bool within = error_ns && -*joined.between_ns <= *error_ns;
    (within ? counts.before_within_error : counts.before)++;
  } else {
    const auto add = [&](std::size_t index, std::int64_t ns) {
      times.since_previous[index].add(ns);
      add_up(times.sums[index], ns);
    };
    for (std::size_t half = 0; half < 2; half++) {
      const Unit& unit = joined.halves[half].unit;
      for (std::size_t at = 0; at < places_max; at++) {
        const bool first = (unit.seen & ((1U << at) - 1)) == 0;
        if (unit.has(at) && !first) add(half * places_max + at, stages[half].since_previous[at]);
      }
    }
    add(places_max, *joined.between_ns);
    std::int64_t whole = stages[0].whole;
    add_up(whole, *joined.between_ns);
    add_up(whole, stages[1].whole);
    times.total.add(whole);
    add_up(times.total_sum, whole);
  }
}

bool Joiner::is_whole(const Key& key) const {
  for (std::size_t half = 0; half < 2; half++) {
    if (key.alone[half]) continue;
    const DelayBetweenCounts& route = routes_[key.route];
    const std::size_t file = half == 0 ? route.from.file : route.to.file;
    const PacketKind kind = key.kinds[half];
    auto path = static_cast<std::uint8_t>(places_of(ways[half], kind) &
                                          captured_[file][half][is_datagram(kind) ? 1 : 0]);
    if (!key.socket[half]) path = static_cast<std::uint8_t>(path & ~socket_places[half]);
    if (key.seen[half] != path) return false;
  }
  return true;
}

DelayBetweenChain Joiner::chain_of(const Key& key, const Times& times) const {
  DelayBetweenChain chain = times.counts;
  const DelayBetweenCounts& route = routes_[key.route];
  chain.from = route.from;
  chain.to = route.to;
  for (std::size_t half = 0; half < 2; half++) {
    if (!key.alone[half]) chain.kinds[half] = key.kinds[half];
  }
  if (key.alone[0] && key.alone[1]) chain.kinds[0] = key.kinds[0];
  const auto add = [&](std::size_t index, Vantage from, Vantage to) {
    chain.stages.push_back(
        stage_of(times.since_previous[index], times.sums[index], times.total_sum));
    chain.stages.back().from = from;
    chain.stages.back().to = to;
  };
  const auto add_half = [&](std::size_t half) {
    std::optional<Vantage> previous;
    for (std::size_t at = 0; at < places_of(ways[half]); at++) {
      if ((key.seen[half] >> at & 1) == 0) continue;
      const Vantage here = vantage_at(ways[half], at);
      if (previous) add(half * places_max + at, *previous, here);
      previous = here;
    }
  };
  add_half(0);
  chain.between = chain.stages.size();
  add(places_max, route.from.interface.vantage, route.to.interface.vantage);
  add_half(1);
  chain.total = stage_of(times.total, times.total_sum, times.total_sum);
  chain.total.from = chain.stages.front().from;
  chain.total.to = chain.stages.back().to;
  return chain;
}

void Joiner::finish(DelayBetweenReport& report) {
  for (const std::uint64_t id : turns_) forget(id);
  for (const auto& [key, times] : chains_) {
    if (is_whole(key)) {
      report.chains.push_back(chain_of(key, times));
    } else {
      routes_[key.route].incomplete += times.counts.packets;
    }
  }
  std::ranges::stable_sort(report.chains, std::greater(), &DelayBetweenChain::packets);
  std::erase_if(routes_, [](const DelayBetweenCounts& route) { return route.matched == 0; });
  std::ranges::stable_sort(routes_, std::greater(), &DelayBetweenCounts::matched);
  report.counts = std::move(routes_);
}

}  // namespace tscope
