// SPDX-License-Identifier: MIT
#include "analysis/delay/absences.hpp"

#include <algorithm>
#include <bit>

namespace tscope {

namespace {

constexpr std::size_t pairs_max = 16;

// Only data and datagrams have calls.
bool has_data(const std::vector<DelayFlow>& flows, Way way, bool datagrams) {
  return std::ranges::any_of(flows, [&](const DelayFlow& flow) {
    const auto kind = datagrams ? PacketKind::datagram : PacketKind::data;
    return flow.way == way && flow.datagrams == datagrams &&
           flow.packets[static_cast<std::size_t>(kind)] > 0;
  });
}

// The places that any packet of the flow was seen at.
unsigned seen_of(const Outcomes& outcomes) {
  unsigned seen = 0;
  for (const auto& [key, count] : outcomes.counts()) seen |= key.seen;
  return seen;
}

// Translation keeps the port where it can, and what is redirected to another port keeps the
// address.
bool one_end_changed(const Flow& a, const Flow& b) {
  const auto alike = [](const Endpoint& c, const Endpoint& d) {
    return c.port == d.port || c.address == d.address;
  };
  return (a.src == b.src && a.dst != b.dst && alike(a.dst, b.dst)) ||
         (a.dst == b.dst && a.src != b.src && alike(a.src, b.src));
}

// The neighbour in direction of the network: where the way ends or begins without the silent one.
std::optional<Vantage> nearest(Way way, std::size_t at, unsigned seen) {
  const unsigned wire_side =
      way == Way::send ? seen >> (at + 1) << (at + 1) : seen & ((1U << at) - 1);
  if (wire_side == 0) return std::nullopt;
  const int bit = way == Way::send ? std::countr_zero(wire_side) : std::bit_width(wire_side) - 1;
  return vantage_at(way, static_cast<std::size_t>(bit));
}

}  // namespace

std::vector<SilentVantage> silent_vantages(const std::map<std::string, std::string>& facts,
                                           const Captured& captured,
                                           const std::vector<DelayFlow>& flows) {
  std::vector<SilentVantage> silent;
  const auto asked = facts.find("vantage_points");
  if (asked == facts.end()) return silent;
  for (const bool datagrams : {false, true}) {
    for (std::size_t i = 0; i < TSCOPE_VANTAGES; i++) {
      const auto vantage = static_cast<Vantage>(i);
      const auto place = place_of(vantage);
      if (!place || is_hardware(vantage) ||
          asked->second.find(vantage_name(vantage)) == std::string::npos) {
        continue;
      }
      const unsigned seen = captured.at(place->way, datagrams);
      const bool call = vantage == Vantage::app_tx || vantage == Vantage::app_rx;
      if (seen == 0 || (seen >> place->at & 1) != 0) continue;
      if (call && !has_data(flows, place->way, datagrams)) continue;
      silent.push_back({vantage, datagrams, nearest(place->way, place->at, seen)});
    }
  }
  return silent;
}

std::vector<ChangedAddress> changed_addresses(const std::vector<FinishedFlows::One>& flows) {
  std::vector<ChangedAddress> changed;
  for (const FinishedFlows::One& low : flows) {
    const Way way = low.outcomes.way();
    const unsigned sockets = socket_places[static_cast<std::size_t>(way)];
    if ((seen_of(low.outcomes) & sockets) != 0) continue;
    for (const FinishedFlows::One& high : flows) {
      if (changed.size() == pairs_max) return changed;
      if (high.outcomes.way() != way || high.datagrams != low.datagrams ||
          (seen_of(high.outcomes) & ~sockets) != 0) {
        continue;
      }
      if (one_end_changed(low.flow, high.flow)) changed.push_back({way, low.flow, high.flow});
    }
  }
  return changed;
}

}  // namespace tscope
