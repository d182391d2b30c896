// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <variant>

#include "analysis/delay/datagram_matcher.hpp"
#include "analysis/delay/receive_matcher.hpp"
#include "analysis/delay/send_matcher.hpp"

namespace tscope {

/// What all tracks of an analysis share.
struct Shared {
  Statistics& statistics;
  WaitingBudget& budget;
  const Captured& captured;
  DatagramCalls& calls;
};

struct TcpSending {
  explicit TcpSending(const Shared& with) : matcher(with.statistics, with.budget, with.captured) {}
  SequenceLine line;
  SendMatcher matcher;
};

struct TcpReceiving {
  explicit TcpReceiving(const Shared& with)
      : matcher(with.statistics, with.budget, with.captured) {}
  SequenceLine line;
  ReceiveMatcher matcher;
};

/// A flow's packets on one way through the stack of one network namespace.
class Track {
 public:
  Track(bool datagrams, Way way, std::uint32_t netns, const Shared& with);

  Way way() const { return way_; }
  std::uint32_t netns() const { return netns_; }
  void add(Place place, std::uint16_t device, const Segment& segment);
  void add(Place place, std::uint16_t device, const Datagram& datagram);
  /// What waits now goes no further. end_ns: the capture's end, `goes_on` where it is not here yet.
  void finish(std::int64_t end_ns);
  /// The socket was closed by a reset: what comes later has none.
  void socket_gone(std::int64_t time_ns);
  Outcomes& outcomes();
  /// Was a socket of this way seen in the namespace?
  bool has_socket() const;

  static constexpr std::int64_t goes_on = INT64_MAX;

 private:
  Way way_;
  std::uint32_t netns_;
  std::variant<std::monostate, TcpSending, TcpReceiving, DatagramMatcher> what_;
};

}  // namespace tscope
