// SPDX-License-Identifier: MIT
#include "probe/ping/icmp_text.hpp"

#include <fmt/format.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

namespace tscope {

namespace {

std::string text_v4(std::uint8_t type, std::uint8_t code, std::uint32_t info) {
  if (type == ICMP_TIME_EXCEEDED) {
    return code == ICMP_EXC_TTL ? "Time to live exceeded" : "Frag reassembly time exceeded";
  }
  if (type == ICMP_DEST_UNREACH) {
    switch (code) {
      case ICMP_NET_UNREACH:
        return "Destination Net Unreachable";
      case ICMP_HOST_UNREACH:
        return "Destination Host Unreachable";
      case ICMP_PROT_UNREACH:
        return "Destination Protocol Unreachable";
      case ICMP_PORT_UNREACH:
        return "Destination Port Unreachable";
      case ICMP_FRAG_NEEDED:
        return fmt::format("Frag needed and DF set (mtu = {})", info);
      case ICMP_NET_ANO:
        return "Destination Net Prohibited";
      case ICMP_HOST_ANO:
        return "Destination Host Prohibited";
      case ICMP_PKT_FILTERED:
        return "Packet filtered";
      default:
        return fmt::format("Dest Unreachable, Bad Code: {}", code);
    }
  }
  if (type == ICMP_REDIRECT) {
    switch (code) {
      case ICMP_REDIR_NET:
        return "Redirect Network";
      case ICMP_REDIR_HOST:
        return "Redirect Host";
      case ICMP_REDIR_NETTOS:
        return "Redirect Type of Service and Network";
      case ICMP_REDIR_HOSTTOS:
        return "Redirect Type of Service and Host";
      default:
        return fmt::format("Redirect, Bad Code: {}", code);
    }
  }
  return fmt::format("Bad ICMP type: {}", type);
}

std::string text_v6(std::uint8_t type, std::uint8_t code, std::uint32_t info) {
  if (type == ICMP6_TIME_EXCEEDED) {
    return code == ICMP6_TIME_EXCEED_TRANSIT ? "Time exceeded: Hop limit"
                                             : "Time exceeded: Defragmentation failure";
  }
  if (type == ICMP6_PACKET_TOO_BIG) return fmt::format("Packet too big: mtu={}", info);
  if (type == ICMP6_DST_UNREACH) {
    switch (code) {
      case ICMP6_DST_UNREACH_NOROUTE:
        return "Destination unreachable: No route";
      case ICMP6_DST_UNREACH_ADMIN:
        return "Destination unreachable: Administratively prohibited";
      case ICMP6_DST_UNREACH_BEYONDSCOPE:
        return "Destination unreachable: Beyond scope of source address";
      case ICMP6_DST_UNREACH_ADDR:
        return "Destination unreachable: Address unreachable";
      case ICMP6_DST_UNREACH_NOPORT:
        return "Destination unreachable: Port unreachable";
      default:
        return fmt::format("Destination unreachable: Unknown code {}", code);
    }
  }
  return fmt::format("unknown icmp type: {}", type);
}

}  // namespace

std::string icmp_text(int family, std::uint8_t type, std::uint8_t code, std::uint32_t info) {
  return family == AF_INET6 ? text_v6(type, code, info) : text_v4(type, code, info);
}

}  // namespace tscope
