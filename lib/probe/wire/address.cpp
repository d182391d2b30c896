// SPDX-License-Identifier: MIT
#include "probe/wire/address.hpp"

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

const sockaddr_in& as_v4(const sockaddr_storage& storage) {
  return reinterpret_cast<const sockaddr_in&>(storage);
}

const sockaddr_in6& as_v6(const sockaddr_storage& storage) {
  return reinterpret_cast<const sockaddr_in6&>(storage);
}

std::uint16_t port_of(const sockaddr_storage& storage) {
  return ntohs(storage.ss_family == AF_INET6 ? as_v6(storage).sin6_port : as_v4(storage).sin_port);
}

SocketAddress made_of(const in_addr& ip, std::uint16_t port) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  in.sin_addr = ip;
  SocketAddress address;
  std::memcpy(&address.storage, &in, address.length = sizeof in);
  return address;
}

SocketAddress made_of(const in6_addr& ip, std::uint16_t port) {
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(port);
  in6.sin6_addr = ip;
  SocketAddress address;
  std::memcpy(&address.storage, &in6, address.length = sizeof in6);
  return address;
}

}  // namespace

std::size_t IpAddress::size() const {
  return family == AF_INET ? 4 : 16;
}

std::string IpAddress::to_string() const {
  char text[INET6_ADDRSTRLEN] = "?";
  inet_ntop(family, bytes.data(), text, sizeof(text));
  return text;
}

IpAddress SocketAddress::ip() const {
  return ip_of(storage);
}

std::uint16_t SocketAddress::port() const {
  return port_of(storage);
}

std::uint32_t SocketAddress::scope() const {
  return family() == AF_INET6 ? as_v6(storage).sin6_scope_id : 0;
}

std::string SocketAddress::zone() const {
  char name[IF_NAMESIZE];
  return scope() != 0 && if_indextoname(scope(), name) != nullptr ? "%" + std::string(name) : "";
}

IpAddress ip_of(const sockaddr_storage& storage) {
  IpAddress address;
  address.family = storage.ss_family;
  if (storage.ss_family == AF_INET) {
    std::memcpy(address.bytes.data(), &as_v4(storage).sin_addr, 4);
  } else {
    std::memcpy(address.bytes.data(), &as_v6(storage).sin6_addr, 16);
  }
  return address;
}

Endpoint endpoint_of(const sockaddr_storage& storage) {
  Endpoint endpoint;
  endpoint.family = storage.ss_family == AF_INET6 ? 6 : 4;
  endpoint.port = port_of(storage);
  endpoint.address = ip_of(storage).bytes;
  return endpoint;
}

SocketAddress socket_address(const Endpoint& endpoint) {
  if (endpoint.family == 6) {
    in6_addr ip{};
    std::memcpy(&ip, endpoint.address.data(), sizeof ip);
    return made_of(ip, endpoint.port);
  }
  in_addr ip{};
  std::memcpy(&ip, endpoint.address.data(), sizeof ip);
  return made_of(ip, endpoint.port);
}

SocketAddress any_address(int family, std::uint16_t port) {
  return family == AF_INET6 ? made_of(in6addr_any, port) : made_of(in_addr{INADDR_ANY}, port);
}

std::optional<SocketAddress> parse_address(const std::string& text, std::uint16_t port) {
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return made_of(v4, port);
  in6_addr v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6) == 1) return made_of(v6, port);
  return std::nullopt;
}

SocketAddress local_address(int socket) {
  SocketAddress own;
  own.length = sizeof own.storage;
  getsockname(socket, own.get(), &own.length);
  return own;
}

SocketAddress look_up(const std::string& host, std::uint16_t port, int family) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_flags = AI_NUMERICSERV;
  hints.ai_family = family;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) {
    const char* wanted = family == AF_INET ? " to IPv4" : family == AF_INET6 ? " to IPv6" : "";
    throw Error(fmt::format("'{}' does not resolve{}: {}; give a name or an address that does",
                            host, wanted, gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  SocketAddress address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.length = found->ai_addrlen;
  return address;
}

void refuse_without_zone(const SocketAddress& address, const std::string& host) {
  const IpAddress ip = address.ip();
  const bool link_local =
      ip.family == AF_INET6 && ip.bytes[0] == 0xfe && (ip.bytes[1] & 0xc0) == 0x80;
  if (link_local && address.scope() == 0) {
    throw UsageError(
        fmt::format("{} is link-local: say of which interface, as {}%eth0", host, host));
  }
}

void refuse_connect(int error, const SocketAddress& to) {
  const std::string address = to.ip().to_string();
  if (error == EACCES) {
    throw UsageError(fmt::format("{} is a broadcast address; give one host's", address));
  }
  if (error == ENETUNREACH || error == EHOSTUNREACH) {
    throw Error(
        fmt::format("no route to {}: look at ip route get {}, and whether its interface is up",
                    address, address));
  }
  throw Error(fmt::format("can't send to {}: {}; look at ip route get {}", address,
                          std::strerror(error), address));
}

}  // namespace tscope
