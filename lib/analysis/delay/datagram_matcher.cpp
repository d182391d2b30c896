// SPDX-License-Identifier: MIT
#include "analysis/delay/datagram_matcher.hpp"

#include <algorithm>

namespace tscope {

namespace {

constexpr std::int64_t soon_ns = 1'000'000'000;

}  // namespace

// qdisc-tx and driver-tx; driver-rx.
bool DatagramMatcher::at_device(std::size_t place) const {
  return way_ == Way::send ? place >= out::qdisc : place == in::driver;
}

// Of equal ones the latest that is not later. Sockets of a group share a packet.
bool DatagramMatcher::take_whole(Table& table, const Datagram& datagram, std::uint8_t by,
                                 bool shared, std::vector<Unit>& units) {
  auto best = table.end();
  for (auto at = table.end(); at != table.begin();) {
    --at;
    if (((at->used & by) != 0 && !shared) || !same_datagram(at->datagram, datagram)) continue;
    best = at;
    if (at->time_ns() <= datagram.stamp.time_ns) break;
  }
  if (best == table.end()) return false;
  best->used |= by;
  units.insert(units.end(), best->units.begin(), best->units.end());
  return true;
}

// The parts of a record come in order, all but the last of one length.
bool DatagramMatcher::take_part(Table& table, const Datagram& part, std::size_t slot,
                                std::vector<Unit>& units) {
  for (Waiting& whole : table) {
    std::uint32_t& left = whole.left[slot];
    if (left < part.payload || whole.time_ns() > part.stamp.time_ns ||
        !part_of(part, whole.datagram, left == whole.datagram.payload)) {
      continue;
    }
    left -= part.payload;
    whole.used |= static_cast<std::uint8_t>(1U << slot);
    units.insert(units.end(), whole.units.begin(), whole.units.end());
    return true;
  }
  return false;
}

// What GRO merged: waiting ones in the order in which they came, the first with its first bytes.
bool DatagramMatcher::take_parts(Table& table, const Datagram& whole, std::uint8_t by,
                                 std::vector<Unit>& units) {
  for (auto first = table.begin(); first != table.end(); ++first) {
    if ((first->used & by) != 0 || !part_of(first->datagram, whole, true)) continue;
    std::uint32_t left = whole.payload;
    std::vector<Waiting*> parts;
    for (auto at = first; at != table.end() && left > 0; ++at) {
      if ((at->used & by) != 0) continue;
      if (at->datagram.payload > std::min(left, first->datagram.payload)) break;
      left -= at->datagram.payload;
      parts.push_back(&*at);
    }
    if (left > 0) continue;
    for (Waiting* part : parts) {
      part->used |= by;
      for (Unit unit : part->units) {
        unit.merged = true;
        units.push_back(unit);
      }
    }
    return true;
  }
  return false;
}

bool DatagramMatcher::take(Table& table, const Datagram& datagram, std::size_t slot, bool shared,
                           std::vector<Unit>& units) {
  const auto by = static_cast<std::uint8_t>(1U << slot);
  return take_whole(table, datagram, by, shared, units) ||
         take_part(table, datagram, slot, units) ||
         (way_ == Way::receive && datagram.segs > 1 && take_parts(table, datagram, by, units));
}

// On the way out a datagram may leave by several devices, one above the other; on the way in, come
// by several.
void DatagramMatcher::take_before(std::size_t place, std::size_t slot, const Datagram& datagram,
                                  std::vector<Unit>& units) {
  const std::size_t first = way_ == Way::send ? 1 : 0;
  for (std::size_t before = place; before-- > first && units.empty();) {
    if (way_ == Way::send) {
      take(waiting_[before][at_device(before) ? slot : 0], datagram, slot, false, units);
      continue;
    }
    const bool shared = place == in::socket && datagram.to_group();
    for (Table& table : waiting_[before]) take(table, datagram, 0, shared, units);
  }
}

Unmatched DatagramMatcher::why_nothing_before(const Unit& unit) const {
  std::size_t first = 0;
  while (first < places_max && !unit.has(first)) first++;
  return first > 0 && outcomes_.found_from(first - 1) ? Unmatched::unexplained : Unmatched::begin;
}

void DatagramMatcher::add(std::size_t place, std::uint16_t device, const Datagram& datagram) {
  has_socket_ = has_socket_ || !at_device(place);
  if (way_ == Way::receive && place == in::app) {
    newest_read_ns_ = std::max(newest_read_ns_, datagram.stamp.time_ns);
  }
  const std::size_t slot = at_device(place) ? devices_.of(device) : 0;
  std::vector<Unit> units;
  take_before(place, slot, datagram, units);
  if (units.empty()) {
    Unit& unit = units.emplace_back();
    // The kernel answers echo requests by itself: no call takes them, none sends the answer.
    const bool of_kernel = datagram.icmp && datagram.request == (way_ == Way::receive);
    unit.kind = of_kernel ? PacketKind::echo : PacketKind::datagram;
    if (way_ == Way::send && !of_kernel) {
      if (const auto call = calls_.take(datagram)) unit.set(0, *call);
    }
    unit.device = device;
  }
  for (Unit& unit : units) {
    if (way_ == Way::send || !unit.merged) unit.segs = datagram.segs;
    if (way_ == Way::send) unit.device = device;
    unit.set(place, datagram.stamp);
    if (datagram.nic) unit.set(way_ == Way::send ? out::hw : in::hw, *datagram.nic);
  }
  // Those of other devices wait apart, so that one call takes all of them.
  while (!units.empty()) {
    const std::uint16_t first = units.front().device;
    const auto others =
        std::ranges::partition(units, [&](const Unit& unit) { return unit.device == first; });
    std::vector<Unit> rest(others.begin(), others.end());
    units.erase(others.begin(), others.end());
    go_on(place, slot, datagram, std::move(units));
    units = std::move(rest);
  }
}

void DatagramMatcher::go_on(std::size_t place, std::size_t slot, const Datagram& datagram,
                            std::vector<Unit> units) {
  const Unit& any = units.front();
  const unsigned path =
      places_of(way_, any.kind) & ~unsigned{hw_place[static_cast<std::size_t>(way_)]};
  if ((path >> (place + 1)) == 0 || captured_.ends_at(place, way_, any.kind)) {
    for (const Unit& unit : units) {
      outcomes_.add(unit, why_nothing_before(unit), Unmatched::unexplained);
    }
    return;
  }
  for (const Unit& unit : units) {
    for (std::size_t before = 0; before < place; before++) {
      if (unit.has(before)) outcomes_.passed(unit, before);
    }
  }
  Table& table =
      waiting_[place][way_ == Way::send || at_device(place) ? slot : devices_.of(any.device)];
  while (!table.empty() &&
         (budget_.full(table.size()) || (table.front().used != 0 && table.size() > used_kept))) {
    drop_front(place, table);
  }
  Waiting& waiting = table.emplace_back(Waiting{datagram, std::move(units)});
  waiting.left.fill(datagram.segs > 1 ? datagram.payload : 0);
  budget_.waiting++;
}

void DatagramMatcher::drop_front(std::size_t place, Table& table) {
  give_up(place, table.front(), Unmatched::evicted);
  table.pop_front();
  budget_.waiting--;
}

void DatagramMatcher::give_up(std::size_t place, const Waiting& waiting, Unmatched why) {
  if (waiting.used != 0) return;
  if (waiting.time_ns() < outcomes_.newest_passed_ns(place)) why = Unmatched::dropped;
  // A socket's buffer is read in the order in which it was filled.
  const bool behind_socket = way_ == Way::receive && place == in::socket;
  if (behind_socket && waiting.time_ns() < newest_read_ns_) why = Unmatched::buffer_full;
  for (const Unit& unit : waiting.units) outcomes_.add(unit, why_nothing_before(unit), why);
}

void DatagramMatcher::finish(std::int64_t end_ns) {
  const bool to_app = way_ == Way::receive;
  for (std::size_t place = places_max; place-- > 0;) {
    for (Table& table : waiting_[place]) {
      for (const Waiting& waiting : table) {
        const bool old = waiting.time_ns() < end_ns - soon_ns;
        give_up(place, waiting,
                to_app && place == in::socket ? Unmatched::unread
                : old                         ? Unmatched::dropped
                                              : Unmatched::end);
      }
      budget_.waiting -= table.size();
      table.clear();
    }
  }
}

}  // namespace tscope
