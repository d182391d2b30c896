// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "probe/wire/address.hpp"

struct nl_sock;
struct nl_msg;

namespace tscope {

using MacAddress = std::array<std::uint8_t, 6>;

/// How the kernel would send to an address.
struct RouteAnswer {
  int device = 0;
  std::optional<IpAddress> gateway;
  std::uint8_t type = 0;  ///< RTN_UNICAST, RTN_LOCAL, ...
  std::uint32_t mtu = 0;  ///< of the route; 0: the device's holds
};

struct LinkAnswer {
  std::string name;
  unsigned flags = 0;  ///< IFF_*
  unsigned mtu = 0;
  unsigned type = 0;  ///< ARPHRD_*
  MacAddress mac{};
  std::optional<std::uint16_t> vlan;  ///< 802.1Q tag of a VLAN device
  int lower = 0;                      ///< the device below a VLAN device
};

enum class NeighbourState { unknown, pending, failed, usable };

/// Questions to the kernel's routing tables, of the calling thread's network namespace.
class Netlink {
 public:
  /// Throws Error where there is no netlink.
  Netlink();
  ~Netlink();
  Netlink(const Netlink&) = delete;
  Netlink& operator=(const Netlink&) = delete;

  /// Nothing if there is no route. scope: the device of a link-local address, else 0.
  std::optional<RouteAnswer> route_to(const IpAddress& address, std::uint32_t scope);
  std::optional<LinkAnswer> link(int device);
  std::pair<NeighbourState, MacAddress> neighbour(int device, const IpAddress& address);
  /// Makes the kernel look for a neighbour; 0 or the errno. Needs CAP_NET_ADMIN.
  int look_for_neighbour(int device, const IpAddress& address);
  bool has_qdisc(int device, const std::string& kind);

 private:
  int ask(nl_msg* message, int (*take)(nl_msg*, void*), void* answer);

  nl_sock* socket_;
};

}  // namespace tscope
