// SPDX-License-Identifier: MIT
#include "analysis/delay/datagram_matcher.hpp"

#include <algorithm>

namespace tscope {

namespace {

constexpr std::int64_t soon_ns = 1'000'000'000;
constexpr std::uint8_t by_socket = 1;

}  // namespace

// qdisc-tx and driver-tx; driver-rx.
bool DatagramMatcher::at_device(std::size_t place) const {
  return way_ == Way::send ? place >= out::qdisc : place == in::driver;
}

bool DatagramMatcher::take(Table& table, const Datagram& datagram, std::uint8_t by, Unit& unit) {
  auto best = table.end();
  for (auto at = table.end(); at != table.begin();) {
    --at;
    if ((at->used & by) != 0 || !same_packet(at->identity, datagram.identity)) continue;
    best = at;
    if (at->time_ns <= datagram.stamp.time_ns) break;
  }
  if (best == table.end()) return false;
  best->used |= by;
  unit = best->unit;
  return true;
}

// On the way out a datagram may leave by several devices, one above the other; on the way in, come
// by several.
void DatagramMatcher::take_before(std::size_t place, std::size_t slot, const Datagram& datagram,
                                  std::vector<Unit>& units) {
  Unit unit;
  const std::size_t first = way_ == Way::send ? 1 : 0;
  for (std::size_t before = place; before-- > first && units.empty();) {
    if (way_ == Way::send) {
      const auto by = static_cast<std::uint8_t>(1U << slot);
      Table& table = waiting_[before][at_device(before) ? slot : 0];
      if (take(table, datagram, by, unit)) units.push_back(unit);
      continue;
    }
    for (Table& table : waiting_[before]) {
      if (take(table, datagram, by_socket, unit)) units.push_back(unit);
    }
  }
}

Unmatched DatagramMatcher::why_nothing_before(const Unit& unit) const {
  std::size_t first = 0;
  while (first < places_max && !unit.has(first)) first++;
  return first > 0 && outcomes_.found_from(first - 1) ? Unmatched::unexplained : Unmatched::begin;
}

void DatagramMatcher::add(std::size_t place, std::uint16_t device, const Datagram& datagram) {
  has_socket_ = has_socket_ || !at_device(place);
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
    unit.segs = datagram.segs;
    if (way_ == Way::send) unit.device = device;
    unit.set(place, datagram.stamp);
    if (datagram.nic) unit.set(way_ == Way::send ? out::hw : in::hw, *datagram.nic);
    go_on(place, slot, datagram, unit);
  }
}

void DatagramMatcher::go_on(std::size_t place, std::size_t slot, const Datagram& datagram,
                            const Unit& unit) {
  const unsigned path =
      places_of(way_, unit.kind) & ~unsigned{hw_place[static_cast<std::size_t>(way_)]};
  if ((path >> (place + 1)) == 0 || captured_.ends_at(place, way_, unit.kind)) {
    outcomes_.add(unit, why_nothing_before(unit), Unmatched::unexplained);
    return;
  }
  for (std::size_t before = 0; before < place; before++) {
    if (unit.has(before)) outcomes_.passed(unit, before);
  }
  // On the way in each device's copy waits apart, so that one call takes all of them.
  Table& table =
      waiting_[place][way_ == Way::send || at_device(place) ? slot : devices_.of(unit.device)];
  while (!table.empty() &&
         (budget_.full(table.size()) || (table.front().used != 0 && table.size() > used_kept))) {
    drop_front(place, table);
  }
  table.push_back({datagram.identity, datagram.stamp.time_ns, unit});
  budget_.waiting++;
}

void DatagramMatcher::drop_front(std::size_t place, Table& table) {
  give_up(place, table.front(), Unmatched::evicted);
  table.pop_front();
  budget_.waiting--;
}

void DatagramMatcher::give_up(std::size_t place, const Waiting& waiting, Unmatched why) {
  if (waiting.used != 0) return;
  if (waiting.time_ns < outcomes_.newest_passed_ns(place)) why = Unmatched::dropped;
  outcomes_.add(waiting.unit, why_nothing_before(waiting.unit), why);
}

void DatagramMatcher::finish(std::int64_t now_ns) {
  const bool to_app = way_ == Way::receive;
  for (std::size_t place = places_max; place-- > 0;) {
    for (Table& table : waiting_[place]) {
      for (const Waiting& waiting : table) {
        const bool old = waiting.time_ns < now_ns - soon_ns;
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
