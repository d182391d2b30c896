// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "analysis/delay/captured.hpp"
#include "analysis/delay/segment.hpp"
#include "analysis/delay/tally.hpp"

namespace tscope {

/// Follows the TCP segments of one flow on their way in: driver-rx records to the socket-rx record
/// that they are part of (GRO and the backlog merge), and to the receive call that gave their last
/// byte to the process. Where socket-rx is not captured, from driver-rx to that call.
class ReceiveMatcher {
 public:
  ReceiveMatcher(Statistics& statistics, WaitingBudget& budget, const Captured& captured)
      : outcomes_(Way::receive, statistics), budget_(budget), captured_(captured) {}

  void add_frame(std::uint16_t device, const Segment& segment);
  void add_segment(std::uint16_t device, const Segment& segment);
  void add_read(const Segment& read);
  /// What waits now goes no further. end_ns: the capture's end, INT64_MAX where it goes on.
  void finish(std::int64_t end_ns);
  /// The socket was closed by a reset, sent or received: what comes later finds none.
  void socket_gone(std::int64_t time_ns) { gone_ns_ = std::min(gone_ns_, time_ns); }

  Outcomes& outcomes() { return outcomes_; }
  bool to_socket() const { return to_socket_; }

 private:
  struct Frame {
    Segment segment;
    Unit unit;
  };
  using Frames = std::multimap<std::int64_t, Frame>;

  bool without_socket() const;
  std::vector<Frames::iterator> parts_of(const Segment& whole, Frames& frames) const;
  void at_socket(Unit unit, const Segment& whole, std::int64_t end);
  void await_read(const Unit& unit, std::int64_t end);
  void give_up(const Frame& frame, Unmatched why);
  void add(const Unit& unit, Unmatched after);
  void release();
  void read_frames(const Segment& read, Frames& frames);

  Outcomes outcomes_;
  WaitingBudget& budget_;
  const Captured& captured_;
  std::array<Frames, DeviceSlots::max> frames_;
  std::multimap<std::int64_t, Unit> unread_;  // by the end of their data
  DeviceSlots devices_;
  std::int64_t read_ = INT64_MIN;     // end of what the process got
  std::int64_t gone_ns_ = INT64_MAX;  // since then there has been no socket
  bool to_socket_ = false;
  bool released_ = false;
};

}  // namespace tscope
