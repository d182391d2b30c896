// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "analysis/delay/captured.hpp"
#include "analysis/delay/datagram.hpp"
#include "analysis/delay/tally.hpp"

namespace tscope {

/// Follows the datagrams of one flow on one way. They are neither cut nor merged, so equal ones
/// belong together: the latest earlier record that no other took.
class DatagramMatcher {
 public:
  DatagramMatcher(Way way, Statistics& statistics, WaitingBudget& budget, const Captured& captured,
                  DatagramCalls& calls)
      : way_(way),
        outcomes_(way, statistics),
        budget_(budget),
        captured_(captured),
        calls_(calls) {}

  void add(std::size_t place, std::uint16_t device, const Datagram& datagram);
  void finish(std::int64_t now_ns);

  const Outcomes& outcomes() const { return outcomes_; }
  bool has_socket() const { return has_socket_; }

 private:
  static constexpr std::size_t used_kept = 64;

  struct Waiting {
    PacketIdentity identity;
    std::int64_t time_ns;
    Unit unit;
    std::uint8_t used = 0;  // by device, a bit each
  };
  using Table = std::deque<Waiting>;

  bool at_device(std::size_t place) const;
  bool take(Table& table, const Datagram& datagram, std::uint8_t by, Unit& unit);
  void take_before(std::size_t place, std::size_t slot, const Datagram& datagram,
                   std::vector<Unit>& units);
  void go_on(std::size_t place, std::size_t slot, const Datagram& datagram, const Unit& unit);
  void give_up(std::size_t place, const Waiting& waiting, Unmatched why);
  void drop_front(std::size_t place, Table& table);
  Unmatched why_nothing_before(const Unit& unit) const;

  Way way_;
  Outcomes outcomes_;
  WaitingBudget& budget_;
  const Captured& captured_;
  DatagramCalls& calls_;
  std::array<std::array<Table, DeviceSlots::max>, places_max> waiting_;  // by place and device
  DeviceSlots devices_;
  bool has_socket_ = false;
};

}  // namespace tscope
