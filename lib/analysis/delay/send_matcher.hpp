// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "analysis/delay/captured.hpp"
#include "analysis/delay/segment.hpp"
#include "analysis/delay/send_calls.hpp"
#include "analysis/delay/tally.hpp"

namespace tscope {

/// Follows the TCP segments of one flow on their way out: driver-tx records back to the qdisc-tx
/// and the socket-tx record that they are part of, and to the call that wrote their last byte.
///
/// A record goes with the latest earlier one that holds its range, has the same ACK, window and
/// options (and IP identification where both are the wire's) and is not used up.
class SendMatcher {
 public:
  SendMatcher(Statistics& statistics, WaitingBudget& budget, const Captured& captured)
      : outcomes_(Way::send, statistics), budget_(budget), captured_(captured) {}

  void add_call(const Segment& call);
  /// place: socket-tx, qdisc-tx or driver-tx.
  void add(std::size_t place, std::uint16_t device, const Segment& segment);
  /// What waits now goes no further. end_ns: the capture's end, INT64_MAX where it goes on.
  void finish(std::int64_t end_ns);

  Outcomes& outcomes() { return outcomes_; }
  bool from_socket() const { return from_socket_; }

 private:
  static constexpr std::size_t used_max = 64;

  struct Waiting {
    Segment segment;
    Unit unit;
    // Not yet seen further on, by device: bytes, or 1 for a segment without any.
    std::array<std::int64_t, DeviceSlots::max> left{};
    bool used = false;
  };
  using Table = std::multimap<std::int64_t, Waiting>;
  using Sent = std::array<std::array<std::int64_t, DeviceSlots::max>, places_max>;

  static Sent nothing_sent();
  bool sent_before(std::size_t place, std::size_t slot, const Segment& segment) const;

  bool is_copy(std::size_t place, const Segment& segment) const;
  void note_found(std::size_t place, const Segment& segment);
  Table::iterator find(Table& table, const Segment& segment, std::size_t slot);
  Unit take(std::size_t place, std::size_t slot, const Segment& segment, Unmatched& before);
  Unmatched why_nothing_before(std::size_t place, const Unit& unit, const Segment& segment) const;
  void wait(std::size_t place, std::size_t slot, const Segment& segment, const Unit& unit);
  void give_up(std::size_t place, const Waiting& waiting, Unmatched why);
  void erase(Table& table, Table::iterator at);

  Outcomes outcomes_;
  WaitingBudget& budget_;
  const Captured& captured_;
  SendCalls calls_;
  Table at_socket_;
  std::array<Table, DeviceSlots::max> at_qdisc_;
  std::deque<Table::iterator> used_;  // of at_socket_: another device below may still ask for them
  DeviceSlots devices_;
  std::int64_t longest_ = 0;
  // End of what was sent so far, by place and device.
  Sent sent_ = nothing_sent();
  struct Found {
    std::size_t place = 0;
    std::int64_t begin = 0, end = 0;
    std::uint32_t ack = 0;
    std::uint16_t ip_id = 0;
  };
  std::array<Found, 16> found_{};  // the latest that had a record before them
  std::size_t found_next_ = 0;
  bool fin_sent_ = false, syn_sent_ = false;
  bool from_socket_ = false;
};

}  // namespace tscope
