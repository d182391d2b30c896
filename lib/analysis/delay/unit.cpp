// SPDX-License-Identifier: MIT
#include "analysis/delay/unit.hpp"

namespace tscope {

namespace {

constexpr std::array sending{Vantage::app_tx, Vantage::socket_tx, Vantage::qdisc_tx,
                             Vantage::driver_tx, Vantage::hw_tx};
constexpr std::array receiving{Vantage::hw_rx, Vantage::driver_rx, Vantage::socket_rx,
                               Vantage::app_rx};

}  // namespace

std::optional<Place> place_of(Vantage vantage) {
  for (std::size_t at = 0; at < sending.size(); at++) {
    if (sending[at] == vantage) return Place{Way::send, static_cast<std::uint8_t>(at)};
  }
  for (std::size_t at = 0; at < receiving.size(); at++) {
    if (receiving[at] == vantage) return Place{Way::receive, static_cast<std::uint8_t>(at)};
  }
  return std::nullopt;
}

Vantage vantage_at(Way way, std::size_t at) {
  return way == Way::send ? sending[at] : receiving[at];
}

std::size_t places_of(Way way) {
  return way == Way::send ? sending.size() : receiving.size();
}

std::uint8_t places_of(Way way, PacketKind kind) {
  const auto all = static_cast<std::uint8_t>((1U << places_of(way)) - 1);
  if (kind == PacketKind::data || kind == PacketKind::datagram) return all;
  return static_cast<std::uint8_t>(all & ~(1U << (way == Way::send ? out::app : in::app)));
}

std::string_view way_name(Way way) {
  return way == Way::send ? "send" : "receive";
}

std::string_view kind_name(PacketKind kind) {
  constexpr std::array<std::string_view, packet_kinds> names{
      "data", "retransmission", "duplicate", "control", "datagram", "echo"};
  return names[static_cast<std::size_t>(kind)];
}

std::string_view unmatched_name(Unmatched reason) {
  constexpr std::array<std::string_view, unmatched_reasons> names{
      "begin",    "end",         "unread",  "dropped", "no_socket",   "lost",   "evicted",
      "no_stamp", "unexplained", "unknown", "copied",  "buffer_full", "no_call"};
  return names[static_cast<std::size_t>(reason)];
}

}  // namespace tscope
