// SPDX-License-Identifier: MIT
#include "probe/train/resolve.hpp"

#include <fmt/format.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include "probe/wire/address.hpp"
#include "tscope/base/error.hpp"

namespace tscope {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t udp_bytes = 8;
constexpr auto between_looks = std::chrono::milliseconds(10);

// Where the routing table has none.
[[noreturn]] void no_route(const SocketAddress& address) {
  refuse_connect(ENETUNREACH, address);
}

Descriptor open_socket(const Destination& destination, const SocketAddress& address) {
  Descriptor socket(::socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) {
    throw Error(fmt::format("can't open a UDP socket: {}; is IPv{} there?", std::strerror(errno),
                            address.family() == AF_INET ? 4 : 6));
  }
  if (destination.source_port != 0) {
    const SocketAddress own = any_address(address.family(), destination.source_port);
    if (bind(socket.get(), own.get(), own.length) < 0) {
      throw Error(fmt::format("can't send from port {}: {}; give another --source-port",
                              destination.source_port, std::strerror(errno)));
    }
  }
  if (connect(socket.get(), address.get(), address.length) < 0) refuse_connect(errno, address);
  return socket;
}

MacAddress find_neighbour(Netlink& netlink, const RouteAnswer& route, const LinkAnswer& link,
                          const IpAddress& next_hop, std::chrono::milliseconds patience) {
  auto [state, mac] = netlink.neighbour(route.device, next_hop);
  if (state == NeighbourState::usable) return mac;
  if (const int error = netlink.look_for_neighbour(route.device, next_hop); error != 0) {
    throw Error(
        fmt::format("neighbour {} on {} is unresolved and can't be asked for ({}): ping it once, "
                    "or run as root",
                    next_hop.to_string(), link.name, std::strerror(error)));
  }
  const auto until = Clock::now() + patience;
  while (Clock::now() < until) {
    std::this_thread::sleep_for(between_looks);
    std::tie(state, mac) = netlink.neighbour(route.device, next_hop);
    if (state == NeighbourState::usable) return mac;
    if (state == NeighbourState::failed) break;
  }
  throw Error(fmt::format(
      "neighbour {} on {} does not answer, so its Ethernet address is unknown: is it there "
      "(ip neigh)?",
      next_hop.to_string(), link.name));
}

void check_link(const LinkAnswer& link) {
  if ((link.flags & IFF_UP) == 0) {
    throw Error(fmt::format("interface {} is down: ip link set {} up", link.name, link.name));
  }
  if ((link.flags & IFF_LOWER_UP) == 0) {
    throw Error(fmt::format("interface {} has no carrier: is the cable (or the other end) there?",
                            link.name));
  }
  if (link.type != ARPHRD_ETHER && link.type != ARPHRD_LOOPBACK) {
    throw Error(fmt::format("interface {} is not Ethernet: choose a destination behind one that is",
                            link.name));
  }
}

void check_size(const ProbePath& path, std::uint32_t size_max) {
  const std::uint32_t headers = udp_bytes + (path.addresses.source.family == AF_INET ? 20U : 40U);
  if (headers + size_max <= path.mtu) return;
  throw UsageError(fmt::format("probes of {} bytes do not fit {}'s MTU of {}: give at most {}",
                               size_max, path.device, path.mtu, path.mtu - headers));
}

}  // namespace

ProbePath resolve_path(const Destination& destination, std::uint32_t size_max,
                       std::chrono::milliseconds patience) {
  const SocketAddress address = look_up(destination.host, destination.port);
  refuse_without_zone(address, destination.host);
  Netlink netlink;
  ProbePath path;
  path.socket = open_socket(destination, address);
  const auto route = netlink.route_to(address.ip(), address.scope());
  if (!route) no_route(address);
  if (route->type != RTN_UNICAST && route->type != RTN_LOCAL) {
    throw UsageError(
        fmt::format("{} is no single host's address; give one host's", address.ip().to_string()));
  }
  const auto link = netlink.link(route->device);
  if (!link) no_route(address);
  check_link(*link);

  const SocketAddress own = local_address(path.socket.get());
  FrameAddresses& frame = path.addresses;
  frame.source = own.ip();
  frame.source_port = own.port();
  frame.destination = address.ip();
  frame.destination_port = address.port();
  frame.source_mac = link->mac;
  path.device = link->name;
  path.ifindex = path.route_device = static_cast<std::uint32_t>(route->device);
  path.mtu = route->mtu != 0 ? std::min(route->mtu, link->mtu) : link->mtu;
  check_size(path, size_max);

  if (link->vlan) {
    const auto lower = netlink.link(link->lower);
    if (!lower || lower->vlan) {
      throw Error(fmt::format(
          "{} is a VLAN upon a VLAN or upon another namespace's device: send from below it",
          link->name));
    }
    check_link(*lower);
    frame.vlan = link->vlan;
    path.ifindex = static_cast<std::uint32_t>(link->lower);
  }
  if ((link->flags & IFF_LOOPBACK) != 0) return path;
  if ((link->flags & IFF_NOARP) != 0) {
    frame.destination_mac = link->mac;  // as the kernel does (arp_constructor)
    return path;
  }
  if (route->gateway) path.gateway = route->gateway->to_string();
  frame.destination_mac =
      find_neighbour(netlink, *route, *link, route->gateway.value_or(frame.destination), patience);
  return path;
}

}  // namespace tscope
