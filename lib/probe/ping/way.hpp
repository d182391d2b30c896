// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "probe/wire/address.hpp"
#include "tscope/probe/ping.hpp"

namespace tscope {

/// Where probes go and what they come from.
struct PingWay {
  SocketAddress to;
  SocketAddress from;  ///< length 0: the route's choice
  std::string device;  ///< to bind to; "" for none
};

/// Throws Error for a name that does not resolve, UsageError for a source that is none.
PingWay find_way(const PingOptions& options);

/// Returns the device that probes leave by; "" if there is no route.
std::string device_of(const PingWay& way);

/// Binds and sets the TTL. Throws Error.
void prepare(int socket, const PingWay& way, const PingOptions& options);

/// The same, and connects. Throws Error: no route, a broadcast address.
void connect_to(int socket, const PingWay& way, const PingOptions& options);

}  // namespace tscope
