// SPDX-License-Identifier: MIT
#include "probe/wire/ancillary.hpp"

#include <fmt/format.h>

#include <cstring>

#include "base/kernel_clock.hpp"
#include "tscope/base/error.hpp"

namespace tscope {

namespace {

void set(int socket, int level, int option, const char* name) {
  const int on = 1;
  if (setsockopt(socket, level, option, &on, sizeof on) < 0) {
    throw Error(fmt::format("the kernel refuses {} on a UDP socket: {}; Linux 4.0 or later has it",
                            name, std::strerror(errno)));
  }
}

template <typename T>
T data_of(const cmsghdr* control) {
  T value;
  std::memcpy(&value, CMSG_DATA(control), sizeof value);
  return value;
}

}  // namespace

void ask_for_ancillary(int socket, int family, bool destination) {
  set(socket, SOL_SOCKET, SO_TIMESTAMPNS, "SO_TIMESTAMPNS");
  set(socket, SOL_SOCKET, SO_RXQ_OVFL, "SO_RXQ_OVFL");
  if (family == AF_INET6) {
    set(socket, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, "IPV6_RECVHOPLIMIT");
    set(socket, IPPROTO_IPV6, IPV6_RECVTCLASS, "IPV6_RECVTCLASS");
    if (destination) set(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, "IPV6_RECVPKTINFO");
    return;
  }
  set(socket, IPPROTO_IP, IP_RECVTTL, "IP_RECVTTL");
  set(socket, IPPROTO_IP, IP_RECVTOS, "IP_RECVTOS");
  if (destination) set(socket, IPPROTO_IP, IP_PKTINFO, "IP_PKTINFO");
}

Ancillary read_ancillary(const msghdr& message) {
  Ancillary result;
  auto* all =
      const_cast<msghdr*>(&message);  // CMSG_NXTHDR has no const version; nothing is written
  for (cmsghdr* c = CMSG_FIRSTHDR(all); c != nullptr; c = CMSG_NXTHDR(all, c)) {
    const auto is = [c](int level, int type) {
      return c->cmsg_level == level && c->cmsg_type == type;
    };
    if (is(SOL_SOCKET, SCM_TIMESTAMPNS)) {
      result.received_ns = to_ns(data_of<timespec>(c));
    } else if (is(SOL_SOCKET, SO_RXQ_OVFL)) {
      result.overflow = data_of<std::uint32_t>(c);
    } else if (is(IPPROTO_IP, IP_TTL) || is(IPPROTO_IPV6, IPV6_HOPLIMIT)) {
      result.ttl = static_cast<std::uint8_t>(data_of<int>(c));
    } else if (is(IPPROTO_IP, IP_TOS)) {
      result.traffic_class = data_of<std::uint8_t>(c);
    } else if (is(IPPROTO_IPV6, IPV6_TCLASS)) {
      result.traffic_class = static_cast<std::uint8_t>(data_of<int>(c));
    } else if (is(IPPROTO_IP, IP_PKTINFO)) {
      result.to4 = data_of<in_pktinfo>(c);
    } else if (is(IPPROTO_IPV6, IPV6_PKTINFO)) {
      result.to6 = data_of<in6_pktinfo>(c);
    }
  }
  return result;
}

void ask_for_buffer(int socket, int bytes) {
  if (setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0) {
    setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  }
}

std::int64_t realtime_ns() {
  return read_clock_ns(CLOCK_REALTIME);
}

}  // namespace tscope
