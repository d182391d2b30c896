// SPDX-License-Identifier: MIT
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "tscope/record/headers.hpp"

namespace tscope {

/// An IP address without a port.
struct IpAddress {
  int family = 0;                        ///< AF_INET or AF_INET6
  std::array<std::uint8_t, 16> bytes{};  ///< network order; IPv4 in the first four

  std::size_t size() const;
  std::string to_string() const;
};

/// An address with its port, as the socket calls want it.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
  IpAddress ip() const;
  std::uint16_t port() const;
  /// Returns the number of the interface that the address belongs to; 0 if it names none.
  std::uint32_t scope() const;
  /// Returns that interface as it is written behind the address, "%eth0"; "" if there is none.
  std::string zone() const;
};

IpAddress ip_of(const sockaddr_storage& storage);
Endpoint endpoint_of(const sockaddr_storage& storage);

SocketAddress socket_address(const Endpoint& endpoint);
/// Returns the address that stands for all of this machine's. family: AF_INET or AF_INET6.
SocketAddress any_address(int family, std::uint16_t port);
/// Returns the address that a text such as "10.0.0.1" or "2001:db8::1" is; nothing for other text.
std::optional<SocketAddress> parse_address(const std::string& text, std::uint16_t port);
/// Returns the address that a socket is bound to.
SocketAddress local_address(int socket);

/// Asks the resolver for a name or address. family: AF_UNSPEC for either. Throws Error.
SocketAddress look_up(const std::string& host, std::uint16_t port, int family = AF_UNSPEC);

/// Throws UsageError for a link-local address that does not say of which interface. host: as the
/// user wrote it.
void refuse_without_zone(const SocketAddress& address, const std::string& host);

/// Says why connect() failed with this errno, as an Error or UsageError.
[[noreturn]] void refuse_connect(int error, const SocketAddress& to);

}  // namespace tscope
