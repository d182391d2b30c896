// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "analysis/delay/unit.hpp"

namespace tscope {

/// Vantage points that a capture has, as far as it has been read.
class Captured {
 public:
  void add(Place place, bool datagram, std::int64_t time_ns) {
    std::uint8_t& bits = (datagram ? datagrams_ : tcp_)[static_cast<std::size_t>(place.way)];
    bits = static_cast<std::uint8_t>(bits | 1U << place.at);
    first_ns_ = std::min(first_ns_, time_ns);
    newest_ns_ = std::max(newest_ns_, time_ns);
  }

  /// A bit a place.
  std::uint8_t at(Way way, bool datagram) const {
    return (datagram ? datagrams_ : tcp_)[static_cast<std::size_t>(way)];
  }
  /// Would a packet of this kind have been seen at the socket, or by the process?
  bool socket(Way way, PacketKind kind) const {
    const std::uint8_t path = places_of(way, kind) & at(way, is_datagram(kind));
    return (path & socket_places[static_cast<std::size_t>(way)]) != 0;
  }
  /// A packet of this kind has nothing to wait for behind `place`: what did not show up in the
  /// first second is taken not to be captured.
  bool ends_at(std::size_t place, Way way, PacketKind kind) const {
    const unsigned path = places_of(way, kind) & at(way, is_datagram(kind)) &
                          ~unsigned{hw_place[static_cast<std::size_t>(way)]};
    return newest_ns_ - first_ns_ > 1'000'000'000 && path >> (place + 1) == 0;
  }

 private:
  std::array<std::uint8_t, 2> tcp_{}, datagrams_{};  // by way
  std::int64_t first_ns_ = INT64_MAX / 2, newest_ns_ = INT64_MIN / 2;
};

}  // namespace tscope
