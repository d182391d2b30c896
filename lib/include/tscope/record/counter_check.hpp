// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tscope/record/packet.hpp"

namespace tscope {

/// Why an interface's counter and tscope's hooks can't be compared. Numbers are those of the file.
enum class CheckObstacle : std::uint8_t {
  none = 0,
  appeared = 1,     ///< the interface was not there at the start
  disappeared = 2,  ///< it was not there at the end
  reset = 3,        ///< its counter went backwards
  lower_device =
      4,            ///< its packets pass the hooks as packets of the device below (VLAN, bond, ...)
  not_counted = 5,  ///< more interfaces than the hooks can count one by one
  unknown = 6,      ///< of a later version's file
};

/// XDP program of an interface, as rtnetlink tells (IFLA_XDP_ATTACHED). Numbers are those of the
/// file.
enum class XdpMode : std::uint8_t { none = 0, native = 1, generic = 2, offloaded = 3, several = 4 };

/// Returns "native", "none".
std::string_view xdp_mode_name(XdpMode mode);

/// One interface and direction: what it counted itself and what passed tscope's hook there, from
/// just after the start of the capture to just before its end. Whether the capture's filter wanted
/// a packet makes no difference, nor does whether its record was lost.
struct InterfaceCheck {
  Interface interface;         ///< at driver-rx or driver-tx
  std::uint64_t counted = 0;   ///< rx_packets or tx_packets of rtnl_link_stats64
  std::uint64_t frames = 0;    ///< that passed the hook; a GSO packet is one
  std::uint64_t segments = 0;  ///< that they are on the wire; at least `frames`
  std::uint64_t margin = 0;    ///< how far `counted` may be off for packets under way at either end
  CheckObstacle obstacle = CheckObstacle::none;
  bool counts_frames = false;   ///< known to count a GSO packet as one; else it may count segments
  bool slow_counter = false;    ///< its driver refreshes the counter about once a second
  XdpMode xdp = XdpMode::none;  ///< at the start or the end
  /// Packets that may wait at the interface between the hook and its counter, however long: what a
  /// tap device sends is counted when the guest takes it. 65535: that or more.
  std::uint16_t queue = 0;

  bool operator==(const InterfaceCheck&) const = default;
};

/// What the comparison says of one interface and direction.
struct CheckVerdict {
  enum class Result : std::uint8_t {
    complete,  ///< all that the interface counted passed the hook, within the margin
    missing,   ///< some never passed it
    unknown,
  };
  enum class Doubt : std::uint8_t {
    none,
    obstacle,       ///< InterfaceCheck::obstacle
    slow_counter,   ///< they differ, but the counter is refreshed too seldom
    queue,          ///< they differ by no more than may have waited in InterfaceCheck::queue
    counted_fewer,  ///< more passed the hook than were counted: some packets may hide others
    unit,           ///< more than the frames and fewer than the segments: it counts neither
  };

  Result result = Result::unknown;
  Doubt doubt = Doubt::none;
  std::uint64_t missing = 0;  ///< packets, in what the interface counts
  bool at_least = false;      ///< if it counts frames, more are missing
};

/// Returns what the figures of one interface allow to say.
CheckVerdict check_verdict(const InterfaceCheck& check);

/// The comparison of a capture with the counters of its interfaces.
struct CounterCheck {
  enum class State : std::uint8_t {
    not_applicable,  ///< the capture has no packets at driver-rx or driver-tx, or is not tscope's
    absent,          ///< it ended without one: killed, its namespace gone, an earlier version
    done,
  };

  State state = State::not_applicable;
  /// Those that counted or passed anything, or came and went.
  std::vector<InterfaceCheck> interfaces;

  bool operator==(const CounterCheck&) const = default;
};

}  // namespace tscope
