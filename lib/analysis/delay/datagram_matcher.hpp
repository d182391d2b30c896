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

/// Follows the datagrams of one flow on one way. Equal ones belong together: the latest earlier
/// record that no other took. A record of several datagrams (UDP GSO, UDP GRO) is cut on the way
/// out or in, or made of single ones on the way in.
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
  void finish(std::int64_t end_ns);

  Outcomes& outcomes() { return outcomes_; }
  bool has_socket() const { return has_socket_; }

 private:
  static constexpr std::size_t used_kept = 64;

  struct Waiting {
    Datagram datagram;
    std::vector<Unit> units;                             // one but for what was merged
    std::array<std::uint32_t, DeviceSlots::max> left{};  // bytes not seen in parts yet, by device
    std::uint8_t used = 0;                               // by device, a bit each
    std::int64_t time_ns() const { return datagram.stamp.time_ns; }
  };
  using Table = std::deque<Waiting>;

  bool at_device(std::size_t place) const;
  bool take(Table& table, const Datagram& datagram, std::size_t slot, bool shared,
            std::vector<Unit>& units);
  bool take_whole(Table& table, const Datagram& datagram, std::uint8_t by, bool shared,
                  std::vector<Unit>& units);
  static bool take_part(Table& table, const Datagram& part, std::size_t slot,
                        std::vector<Unit>& units);
  static bool take_parts(Table& table, const Datagram& whole, std::uint8_t by,
                         std::vector<Unit>& units);
  void take_before(std::size_t place, std::size_t slot, const Datagram& datagram,
                   std::vector<Unit>& units);
  void go_on(std::size_t place, std::size_t slot, const Datagram& datagram,
             std::vector<Unit> units);
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
  std::int64_t newest_read_ns_ = INT64_MIN;  // by the process
};

}  // namespace tscope
