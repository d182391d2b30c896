// SPDX-License-Identifier: MIT
#include "file/link_layer.hpp"

#include <algorithm>
#include <array>

namespace tscope {

namespace {

enum LinkTypes : std::uint16_t {
  bsd_loopback = 0,
  ethernet = 1,
  raw_bsd = 12,
  raw_openbsd = 14,
  raw_ip = 101,
  openbsd_loop = 108,
  linux_sll = 113,
  ipv4 = 228,
  ipv6 = 229,
  linux_sll2 = 276,
};

constexpr std::array known{bsd_loopback, ethernet,  raw_bsd, raw_openbsd, raw_ip,
                           openbsd_loop, linux_sll, ipv4,    ipv6,        linux_sll2};

constexpr std::uint16_t ether_ipv4 = 0x0800, ether_ipv6 = 0x86dd;
constexpr std::uint16_t ether_vlan = 0x8100, ether_service_vlan = 0x88a8;
constexpr int vlan_tags_max = 2;

std::uint16_t be16(std::span<const std::uint8_t> bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

// Behind the EtherType at `at`, over VLAN tags.
std::optional<std::size_t> behind_ether_type(std::span<const std::uint8_t> frame, std::size_t at,
                                             std::size_t payload) {
  for (int i = 0; i <= vlan_tags_max; i++) {
    if (frame.size() < at + 2) return std::nullopt;
    const std::uint16_t type = be16(frame, at);
    if (type == ether_ipv4 || type == ether_ipv6) return payload;
    if (type != ether_vlan && type != ether_service_vlan) return std::nullopt;
    at = payload + 2;
    payload += 4;
  }
  return std::nullopt;
}

}  // namespace

bool link_type_known(std::uint16_t link_type) {
  return std::ranges::find(known, link_type) != known.end();
}

std::optional<std::size_t> ip_offset(std::uint16_t link_type, std::span<const std::uint8_t> frame) {
  switch (link_type) {
    case ethernet:
      return behind_ether_type(frame, 12, 14);
    case linux_sll:
      return behind_ether_type(frame, 14, 16);
    case linux_sll2:
      return behind_ether_type(frame, 0, 20);
    case bsd_loopback:
    case openbsd_loop:
      return 4;
    default:
      return 0;
  }
}

}  // namespace tscope
