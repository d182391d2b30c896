// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "tscope/analysis/delay_report.hpp"

namespace tscope {

inline constexpr std::size_t places_max = 5;

/// Places on the way out and in.
namespace out {
inline constexpr std::size_t app = 0, socket = 1, qdisc = 2, driver = 3, hw = 4;
}
namespace in {
inline constexpr std::size_t hw = 0, driver = 1, socket = 2, app = 3;
}

/// Bits of the places that only packets of a socket on this machine pass, by way.
inline constexpr std::array<std::uint8_t, 2> socket_places{1 << out::app | 1 << out::socket,
                                                           1 << in::socket | 1 << in::app};
/// The bit of the NIC's stamp, which a packet may lack on a whole way.
inline constexpr std::array<std::uint8_t, 2> hw_place{1 << out::hw, 1 << in::hw};

/// A vantage point's place on its way.
struct Place {
  Way way = Way::send;
  std::uint8_t at = 0;
};

/// Nothing for `tap` and `session`.
std::optional<Place> place_of(Vantage vantage);
Vantage vantage_at(Way way, std::size_t at);
std::size_t places_of(Way way);
/// Bits of the places that a packet of this kind passes, the NIC's among them.
std::uint8_t places_of(Way way, PacketKind kind);

constexpr bool is_datagram(PacketKind kind) {
  return kind == PacketKind::datagram || kind == PacketKind::echo;
}

struct Stamp {
  std::int64_t time_ns = 0;
  std::uint64_t tsc = 0;
  std::uint8_t clock = 0;
  std::uint64_t number = 0;  ///< of the record among those analysed, from 1
  std::uint64_t packet = 0;  ///< Packet::number
};

/// A packet on its way, with the stamps it got so far.
struct Unit {
  std::array<Stamp, places_max> stamps{};
  std::uint8_t seen = 0;  ///< a bit a place
  PacketKind kind = PacketKind::data;
  bool merged = false;
  std::uint16_t device = 0;
  std::uint32_t segs = 1;

  bool has(std::size_t at) const { return (seen >> at & 1) != 0; }
  void set(std::size_t at, const Stamp& stamp) {
    stamps[at] = stamp;
    seen = static_cast<std::uint8_t>(seen | 1U << at);
  }
};

/// The few devices that a flow's packets pass, numbered; what is beyond shares the last number.
class DeviceSlots {
 public:
  static constexpr std::size_t max = 4;

  std::size_t of(std::uint16_t device) {
    for (std::size_t slot = 0; slot < used_; slot++) {
      if (devices_[slot] == device) return slot;
    }
    if (used_ == max) return max - 1;
    devices_[used_] = device;
    return used_++;
  }
  std::size_t size() const { return used_; }

 private:
  std::array<std::uint16_t, max> devices_{};
  std::size_t used_ = 0;
};

}  // namespace tscope
