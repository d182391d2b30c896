// SPDX-License-Identifier: MIT
#include "probe/ping/way.hpp"

#include <fmt/format.h>
#include <net/if.h>

#include <cerrno>
#include <cstring>

#include "probe/wire/netlink.hpp"
#include "tscope/base/error.hpp"

namespace tscope {

namespace {

int address_family(int family) {
  return family == 4 ? AF_INET : family == 6 ? AF_INET6 : AF_UNSPEC;
}

SocketAddress destination_of(const PingOptions& options) {
  const SocketAddress found = look_up(options.host, options.port, address_family(options.family));
  // As the kernel takes them: answers come from the loopback address.
  const std::string text = found.ip().to_string();
  if (text == "0.0.0.0") return *parse_address("127.0.0.1", options.port);
  if (text == "::") return *parse_address("::1", options.port);
  return found;
}

void set_source(PingWay& way, const std::string& source) {
  const auto from = parse_address(source, 0);
  if (!from) {
    if (if_nametoindex(source.c_str()) == 0) {
      throw UsageError(fmt::format(
          "'{}' is no interface and no address; `ip address` shows those there are", source));
    }
    way.device = source;
    return;
  }
  way.from = *from;
  if (from->family() != way.to.family()) {
    throw UsageError(
        fmt::format("-I {} and the destination {} are of different IP versions; give "
                    "two of one",
                    source, way.to.ip().to_string()));
  }
}

void set(int socket, int level, int option, int value) {
  if (setsockopt(socket, level, option, &value, sizeof value) < 0) {
    throw Error(
        fmt::format("the kernel refuses a socket option ({}/{}): {}; is it older than 4.13?", level,
                    option, std::strerror(errno)));
  }
}

}  // namespace

PingWay find_way(const PingOptions& options) {
  PingWay way;
  way.to = destination_of(options);
  if (!options.source.empty()) set_source(way, options.source);
  const IpAddress ip = way.to.ip();
  const bool v6 = ip.family == AF_INET6;
  if (v6 ? ip.bytes[0] == 0xff : (ip.bytes[0] & 0xf0) == 0xe0) {
    throw UsageError(
        fmt::format("{} is a multicast group; give one host's address", ip.to_string()));
  }
  if (way.device.empty()) refuse_without_zone(way.to, options.host);
  return way;
}

std::string device_of(const PingWay& way) {
  if (!way.device.empty()) return way.device;
  Netlink netlink;
  const auto route = netlink.route_to(way.to.ip(), way.to.scope());
  char name[IF_NAMESIZE] = "";
  if (route) if_indextoname(static_cast<unsigned>(route->device), name);
  return name;
}

void prepare(int socket, const PingWay& way, const PingOptions& options) {
  const bool v6 = way.to.family() == AF_INET6;
  if (!way.device.empty() && setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, way.device.c_str(),
                                        static_cast<socklen_t>(way.device.size() + 1)) < 0) {
    throw Error(fmt::format("can't use interface {}: {}; run it as root", way.device,
                            std::strerror(errno)));
  }
  if (way.from.length > 0 && bind(socket, way.from.get(), way.from.length) < 0) {
    throw Error(fmt::format("can't send from {}: {}; `ip address` shows the addresses there are",
                            way.from.ip().to_string(), std::strerror(errno)));
  }
  if (options.ttl) {
    set(socket, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_UNICAST_HOPS : IP_TTL, *options.ttl);
  }
}

void connect_to(int socket, const PingWay& way, const PingOptions& options) {
  prepare(socket, way, options);
  if (connect(socket, way.to.get(), way.to.length) < 0) refuse_connect(errno, way.to);
}

}  // namespace tscope
