// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

#include "analysis/delay/unit.hpp"
#include "record/identity.hpp"
#include "tscope/record/headers.hpp"
#include "tscope/record/packet.hpp"

namespace tscope {

/// A UDP or ICMP echo record.
struct Datagram {
  Stamp stamp;
  std::optional<Stamp> nic;  ///< the NIC's, of a record at the driver
  Flow flow;
  PacketIdentity identity;
  std::uint32_t payload = 0;  ///< bytes
  std::uint16_t segs = 1;
  bool icmp = false;
  bool request = false;  ///< an echo request
};

/// Returns nothing for what is neither, or cut too short.
std::optional<Datagram> datagram_of(const Packet& packet);

/// Send calls of datagrams. Where the socket is not connected a call's record knows no source, so
/// they are kept by destination and length.
class DatagramCalls {
 public:
  static constexpr std::size_t calls_max = 4096;  // by destination
  static constexpr std::size_t destinations_max = 8192;

  void add(const Datagram& call);
  /// The latest call not taken yet that can have sent this; taken now.
  std::optional<Stamp> take(const Datagram& sent);

 private:
  struct Call {
    Stamp stamp;
    std::uint32_t payload;
    Endpoint source;
  };

  std::unordered_map<Flow, std::deque<Call>, FlowHash> calls_;
};

}  // namespace tscope
