// SPDX-License-Identifier: MIT
#include "probe/ping/way.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <net/if.h>
#include <netdb.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "tscope/base/error.hpp"

namespace tscope {

namespace {

int address_family(int family) {
  return family == 4 ? AF_INET : family == 6 ? AF_INET6 : AF_UNSPEC;
}

PingAddress look_up(const PingOptions& options) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_flags = AI_NUMERICSERV;
  hints.ai_family = address_family(options.family);
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(options.host.c_str(), std::to_string(options.port).c_str(), &hints, &found);
  if (error != 0) {
    throw Error(fmt::format(
        "'{}' does not resolve{}: {}; give a name or an address that does", options.host,
        options.family == 0 ? "" : fmt::format(" to IPv{}", options.family), gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  PingAddress address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.length = found->ai_addrlen;
  // As the kernel takes them: answers come from the loopback address.
  auto& in = reinterpret_cast<sockaddr_in&>(address.storage);
  auto& in6 = reinterpret_cast<sockaddr_in6&>(address.storage);
  if (address.family() == AF_INET && in.sin_addr.s_addr == INADDR_ANY) {
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  }
  if (address.family() == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&in6.sin6_addr)) {
    in6.sin6_addr = in6addr_loopback;
  }
  return address;
}

void set_source(PingWay& way, const std::string& source) {
  PingAddress& from = way.from;
  sockaddr_in in{};
  sockaddr_in6 in6{};
  if (inet_pton(AF_INET, source.c_str(), &in.sin_addr) == 1) {
    in.sin_family = AF_INET;
    std::memcpy(&from.storage, &in, from.length = sizeof in);
  } else if (inet_pton(AF_INET6, source.c_str(), &in6.sin6_addr) == 1) {
    in6.sin6_family = AF_INET6;
    std::memcpy(&from.storage, &in6, from.length = sizeof in6);
  } else if (if_nametoindex(source.c_str()) != 0) {
    way.device = source;
    return;
  } else {
    throw UsageError(fmt::format(
        "'{}' is no interface and no address; `ip address` shows those there are", source));
  }
  if (from.family() != way.to.family()) {
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

IpAddress ip_of(const sockaddr_storage& storage) {
  IpAddress address;
  address.family = storage.ss_family;
  if (storage.ss_family == AF_INET) {
    std::memcpy(address.bytes.data(), &reinterpret_cast<const sockaddr_in&>(storage).sin_addr, 4);
  } else {
    std::memcpy(address.bytes.data(), &reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr,
                16);
  }
  return address;
}

IpAddress PingAddress::ip() const {
  return ip_of(storage);
}

std::uint32_t PingAddress::scope() const {
  return family() == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(storage).sin6_scope_id : 0;
}

std::string PingAddress::zone() const {
  char name[IF_NAMESIZE];
  return scope() != 0 && if_indextoname(scope(), name) != nullptr ? "%" + std::string(name) : "";
}

PingWay find_way(const PingOptions& options) {
  PingWay way;
  way.to = look_up(options);
  if (!options.source.empty()) set_source(way, options.source);
  const IpAddress ip = way.to.ip();
  const bool v6 = ip.family == AF_INET6;
  if (v6 ? ip.bytes[0] == 0xff : (ip.bytes[0] & 0xf0) == 0xe0) {
    throw UsageError(
        fmt::format("{} is a multicast group; give one host's address", ip.to_string()));
  }
  const bool link_local = v6 && ip.bytes[0] == 0xfe && (ip.bytes[1] & 0xc0) == 0x80;
  if (link_local && way.to.scope() == 0 && way.device.empty()) {
    throw UsageError(fmt::format("{} is link-local: say of which interface, as {}%eth0",
                                 options.host, options.host));
  }
  return way;
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

void refuse_connect(int error, const PingWay& way) {
  const std::string address = way.to.ip().to_string();
  if (error == EACCES) {
    throw UsageError(fmt::format("{} is a broadcast address; give one host's", address));
  }
  if (error == ENETUNREACH || error == EHOSTUNREACH) {
    throw Error(
        fmt::format("no route to {}: look at ip route get {}, and whether its interface is "
                    "up",
                    address, address));
  }
  throw Error(fmt::format("can't send to {}: {}; look at ip route get {}", address,
                          std::strerror(error), address));
}

void connect_to(int socket, const PingWay& way, const PingOptions& options) {
  prepare(socket, way, options);
  if (connect(socket, way.to.get(), way.to.length) < 0) refuse_connect(errno, way);
}

}  // namespace tscope
