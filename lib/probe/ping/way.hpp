// SPDX-License-Identifier: MIT
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "probe/wire/netlink.hpp"
#include "tscope/probe/ping.hpp"

namespace tscope {

/// An address with its port, as the socket calls want it.
struct PingAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
  std::uint32_t scope() const;
  /// "%eth0", or "" if the address has no zone.
  std::string zone() const;
  IpAddress ip() const;
};

/// Where probes go and what they come from.
struct PingWay {
  PingAddress to;
  PingAddress from;    ///< length 0: the route's choice
  std::string device;  ///< to bind to; "" for none
};

/// Throws Error for a name that does not resolve, UsageError for a source that is none.
PingWay find_way(const PingOptions& options);

/// Binds and sets the TTL. Throws Error.
void prepare(int socket, const PingWay& way, const PingOptions& options);

/// The same, and connects. Throws Error: no route, a broadcast address.
void connect_to(int socket, const PingWay& way, const PingOptions& options);

[[noreturn]] void refuse_connect(int error, const PingWay& way);

IpAddress ip_of(const sockaddr_storage& address);

}  // namespace tscope
