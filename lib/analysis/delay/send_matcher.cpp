// SPDX-License-Identifier: MIT
#include "analysis/delay/send_matcher.hpp"

#include <algorithm>

namespace tscope {

namespace {

using out::app, out::driver, out::qdisc, out::socket;
constexpr std::int64_t soon_ns = 1'000'000'000;

std::int64_t weight(const Segment& segment) {
  return std::max<std::int64_t>(1, segment.length());
}

}  // namespace

SendMatcher::Sent SendMatcher::nothing_sent() {
  Sent sent;
  for (auto& by_device : sent) by_device.fill(INT64_MIN);
  return sent;
}

// A record that found none before it: where records are lost, what others saw of its bytes tells.
bool SendMatcher::sent_before(std::size_t place, std::size_t slot, const Segment& segment) const {
  if (place == socket) {
    return std::ranges::any_of(sent_, [&](const auto& by_device) {
      return std::ranges::any_of(by_device, [&](auto end) { return segment.end <= end; });
    });
  }
  return segment.end <= sent_[socket][0] || segment.end <= sent_[place][slot];
}

// Of several, the latest that is not later; a negative stage only where there is nothing else.
SendMatcher::Table::iterator SendMatcher::find(Table& table, const Segment& segment,
                                               std::size_t slot) {
  const auto better = [&](const Segment& a, const Segment& b) {
    const bool a_later = a.stamp.time_ns > segment.stamp.time_ns;
    const bool b_later = b.stamp.time_ns > segment.stamp.time_ns;
    if (a_later != b_later) return b_later;
    return a_later ? a.stamp.time_ns < b.stamp.time_ns : a.stamp.time_ns > b.stamp.time_ns;
  };
  auto best = table.end();
  for (auto at = table.upper_bound(segment.begin); at != table.begin();) {
    --at;
    if (at->first < segment.begin - longest_) break;
    const Waiting& waiting = at->second;
    if (waiting.left[slot] <= 0 || waiting.segment.end < segment.end ||
        (segment.length() == 0) != (waiting.segment.length() == 0) ||
        !split_from(segment, waiting.segment)) {
      continue;
    }
    if (best == table.end() || better(waiting.segment, best->second.segment)) best = at;
  }
  return best;
}

void SendMatcher::erase(Table& table, Table::iterator at) {
  table.erase(at);
  budget_.waiting--;
}

Unmatched SendMatcher::why_nothing_before(std::size_t place, const Unit& unit,
                                          const Segment& segment) const {
  if (unit.has(socket) || place == socket) {
    if (unit.kind == PacketKind::data && syn_sent_ && !unit.has(app) &&
        calls_.before_first(segment.last_byte())) {
      return Unmatched::no_call;
    }
    return unit.kind == PacketKind::data && calls_.before_first(segment.last_byte())
               ? Unmatched::begin
               : Unmatched::unexplained;
  }
  if (is_copy(place, segment)) return Unmatched::copied;
  if (unit.kind == PacketKind::control &&
      ((segment.syn && segment.acks) || segment.rst || fin_sent_)) {
    return Unmatched::no_socket;
  }
  return outcomes_.found_from(unit.has(qdisc) ? socket : qdisc) ? Unmatched::unexplained
                                                                : Unmatched::begin;
}

Unit SendMatcher::take(std::size_t place, std::size_t slot, const Segment& segment,
                       Unmatched& before) {
  Unit unit;
  bool found = false;
  if (place > qdisc) {
    Table& table = at_qdisc_[slot];
    const auto at = find(table, segment, slot);
    found = at != table.end();
    if (found) {
      Waiting& waiting = at->second;
      unit = waiting.unit;
      waiting.used = true;
      waiting.left[slot] -= weight(segment);
      if (waiting.left[slot] <= 0) erase(table, at);
    }
  }
  if (!found && place > socket) {
    const auto at = find(at_socket_, segment, slot);
    found = at != at_socket_.end();
    if (found) {
      Waiting& waiting = at->second;
      unit = waiting.unit;
      waiting.left[slot] -= weight(segment);
      if (!waiting.used) {
        waiting.used = true;
        used_.push_back(at);
      }
    }
  }
  if (!found) {
    unit.kind = segment.payload == 0                ? PacketKind::control
                : sent_before(place, slot, segment) ? PacketKind::retransmission
                                                    : PacketKind::data;
  }
  unit.segs = segment.segs;
  unit.set(place, segment.stamp);
  if (unit.kind == PacketKind::data) {
    unit.seen = static_cast<std::uint8_t>(unit.seen & ~1U);
    if (const Stamp* call = calls_.find(segment.last_byte())) unit.set(app, *call);
  }
  before = why_nothing_before(place, unit, segment);
  if (found) note_found(place, segment);
  return unit;
}

// A driver that was busy is handed the packet again, and a queue may duplicate it (netem).
bool SendMatcher::is_copy(std::size_t place, const Segment& segment) const {
  return segment.length() > 0 && segment.ip_id.tells() &&
         std::ranges::any_of(found_, [&](const Found& found) {
           return found.place == place && found.begin == segment.begin &&
                  found.end == segment.end && found.ack == segment.ack &&
                  found.ip_id == segment.ip_id.value;
         });
}

void SendMatcher::note_found(std::size_t place, const Segment& segment) {
  if (segment.length() == 0) return;
  found_[found_next_++ % found_.size()] = {place, segment.begin, segment.end, segment.ack,
                                           segment.ip_id.value};
}

void SendMatcher::add_call(const Segment& call) {
  from_socket_ = true;
  calls_.add(call);
}

void SendMatcher::add(std::size_t place, std::uint16_t device, const Segment& segment) {
  if (place == socket) from_socket_ = true;
  const std::size_t slot = place == socket ? 0 : devices_.of(device);
  longest_ = std::max(longest_, segment.length());
  Unmatched before{};
  Unit unit = take(place, slot, segment, before);
  unit.device = device;
  if (segment.payload > 0) sent_[place][slot] = std::max(sent_[place][slot], segment.end);
  fin_sent_ = fin_sent_ || segment.fin;
  syn_sent_ = syn_sent_ || segment.syn;
  if (place == driver && segment.nic) unit.set(out::hw, *segment.nic);
  if (place == driver || captured_.ends_at(place, Way::send, unit.kind)) {
    outcomes_.add(unit, before, Unmatched::unexplained);
  } else {
    wait(place, slot, segment, unit);
  }
  while (used_.size() > used_max) {
    erase(at_socket_, used_.front());
    used_.pop_front();
  }
}

void SendMatcher::wait(std::size_t place, std::size_t slot, const Segment& segment,
                       const Unit& unit) {
  Table& table = place == socket ? at_socket_ : at_qdisc_[slot];
  if (budget_.full(table.size())) {
    const auto oldest = table.begin();
    std::erase(used_, oldest);
    give_up(place, oldest->second, Unmatched::evicted);
    erase(table, oldest);
  }
  Waiting waiting{segment, unit, {}, false};
  waiting.left.fill(weight(segment));
  table.emplace(segment.begin, waiting);
  budget_.waiting++;
}

void SendMatcher::give_up(std::size_t place, const Waiting& waiting, Unmatched why) {
  // Of what was cut into segments, those that are missing are one.
  if (place == socket && waiting.used) return;
  const std::int64_t passed = outcomes_.newest_passed_ns(place);
  if (waiting.segment.stamp.time_ns < passed) why = Unmatched::dropped;
  outcomes_.add(waiting.unit, why_nothing_before(place, waiting.unit, waiting.segment), why);
}

void SendMatcher::finish(std::int64_t end_ns) {
  const auto give_up_all = [&](std::size_t place, Table& table) {
    for (const auto& [begin, waiting] : table) {
      const bool old = waiting.segment.stamp.time_ns < end_ns - soon_ns;
      give_up(place, waiting, old ? Unmatched::dropped : Unmatched::end);
    }
    budget_.waiting -= table.size();
    table.clear();
  };
  used_.clear();
  for (Table& table : at_qdisc_) give_up_all(qdisc, table);
  give_up_all(socket, at_socket_);
  calls_.clear();
  sent_ = nothing_sent();
  fin_sent_ = syn_sent_ = false;
}

}  // namespace tscope
