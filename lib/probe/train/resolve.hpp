// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "probe/train/frame.hpp"
#include "tscope/base/descriptor.hpp"

namespace tscope {

struct Destination {
  std::string host;  ///< a name, an IPv4 or an IPv6 address, fe80::1%eth0
  std::uint16_t port = stamp::default_port;
  std::uint16_t source_port = 0;  ///< 0: one that is free
};

/// The way to a destination.
struct ProbePath {
  FrameAddresses addresses;
  std::string device;              ///< that the route names
  std::uint32_t ifindex = 0;       ///< that takes the frame: the lower one of a VLAN device
  std::uint32_t route_device = 0;  ///< ifindex of `device`
  std::string gateway;             ///< "" for a neighbour
  std::uint32_t mtu = 0;           ///< of route and device, from the IP header on
  /// UDP, connected to the destination: it keeps the source port ours while frames go out beside
  /// it, and gets what comes back.
  Descriptor socket;
};

/// Asks the resolver and the kernel; where the next hop's Ethernet address is not known, makes the
/// kernel look for it (no probe is sent) and waits up to `patience`. Throws Error or UsageError:
/// does not resolve, no route, interface down, without carrier or not Ethernet, neighbour
/// unresolved, multicast, port taken, probes of size_max bytes larger than the MTU.
ProbePath resolve_path(const Destination& destination, std::uint32_t size_max,
                       std::chrono::milliseconds patience = std::chrono::seconds(2));

}  // namespace tscope
