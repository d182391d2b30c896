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

/// A UDP or ICMP echo record. Of one that was cut into fragments the first stands for all, with the
/// length of the whole where a header tells it.
struct Datagram {
  Stamp stamp;
  std::optional<Stamp> nic;  ///< the NIC's, of a record at the driver
  Flow flow;
  std::uint32_t netns = 0;
  PacketIdentity identity;
  PacketIdentity bare;        ///< likewise, without the payload's first bytes
  std::uint32_t payload = 0;  ///< bytes
  std::uint16_t segs = 1;
  bool icmp = false;
  bool request = false;        ///< an echo request
  bool fragment = false;       ///< the first of several
  bool shows_payload = false;  ///< its first bytes; BPF programs can't read all

  bool to_group() const;  ///< multicast: as many sockets get it as have joined
};

/// Returns true if these may be records of one datagram, neither cut nor merged in between.
bool same_datagram(const Datagram& a, const Datagram& b);
/// Returns true if `part` may be one of the datagrams in `whole`, a record of several (UDP GSO and
/// GRO); first: the first of them.
bool part_of(const Datagram& part, const Datagram& whole, bool first);

/// Returns nothing for what is neither, or cut too short.
std::optional<Datagram> datagram_of(const Packet& packet);

/// Send calls of datagrams. Where the socket is not connected a call's record knows no source, so
/// they are kept by destination and length.
class DatagramCalls {
 public:
  static constexpr std::size_t calls_max = 4096;  // by destination
  static constexpr std::size_t destinations_max = 8192;

  void add(const Datagram& call);
  /// The latest call not taken yet that can have sent this, or the last of those that wrote it
  /// together (MSG_MORE); taken now.
  std::optional<Stamp> take(const Datagram& sent);

 private:
  struct Call {
    Stamp stamp;
    std::uint32_t payload;
    Endpoint source;
  };

  static std::optional<Stamp> take_several(std::deque<Call>& calls, const Datagram& sent);

  struct Destination {
    Endpoint end;
    std::uint32_t netns;
    bool operator==(const Destination&) const = default;
  };
  struct DestinationHash {
    std::size_t operator()(const Destination& destination) const noexcept {
      return FlowHash()({{}, destination.end}) ^ destination.netns;
    }
  };

  std::unordered_map<Destination, std::deque<Call>, DestinationHash> calls_;
};

}  // namespace tscope
