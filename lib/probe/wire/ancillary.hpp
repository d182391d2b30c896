// SPDX-License-Identifier: MIT
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>

namespace tscope {

/// What the kernel says beside a datagram.
struct Ancillary {
  std::optional<std::int64_t> received_ns;  ///< CLOCK_REALTIME when it entered the stack
  std::optional<std::uint8_t> ttl;          ///< TTL or hop limit
  std::uint8_t traffic_class = 0;           ///< TOS or traffic class
  std::optional<std::uint32_t> overflow;    ///< datagrams the socket has dropped so far
  std::optional<in_pktinfo> to4;
  std::optional<in6_pktinfo> to6;
};

/// Room for all of it.
constexpr std::size_t ancillary_bytes = 256;

/// Asks for stamps, TTL, traffic class, drops and, if wanted, the destination address. family:
/// AF_INET or AF_INET6. Throws Error.
void ask_for_ancillary(int socket, int family, bool destination);

Ancillary read_ancillary(const msghdr& message);

/// A larger receive buffer, beyond the system's limit if the process may.
void ask_for_buffer(int socket, int bytes);

std::int64_t realtime_ns();

}  // namespace tscope
