// SPDX-License-Identifier: MIT
// IP, and what is wrapped in IP.
#include <algorithm>

#include "file/layers.hpp"

namespace tscope {

namespace {

constexpr std::uint8_t icmp = 1, ip_in_ip = 4, tcp = 6, udp_protocol = 17, ip6_in_ip = 41,
                       gre_protocol = 47, esp = 50, authentication = 51, icmp6 = 58,
                       ethernet_in_ip = 97, mpls_in_ip = 137;
constexpr std::uint8_t hop_by_hop = 0, routing = 43, fragment = 44, destination = 60,
                       mobility = 135, host_identity = 139, shim6 = 140;
constexpr std::size_t udp_header = 8;

bool carried_by_geneve(std::uint16_t ether_type) {
  constexpr std::uint16_t types[] = {0x6558, 0x0800, 0x86dd, 0x0806, 0x8847, 0x8848};
  return std::ranges::find(types, ether_type) != std::end(types);
}

}  // namespace

void Layers::ip() {
  if (!has(1)) return;
  const int version = u8(at_) >> 4;
  if (version == 4) return ip4();
  if (version == 6) return ip6();
  skip(SkipReason::malformed);
}

void Layers::ip4() {
  constexpr std::size_t shortest = 20;
  if (!has(shortest)) return;
  const std::size_t header = std::size_t{4} * (u8(at_) & 0x0fU);
  if (header < shortest) return skip(SkipReason::malformed);
  const std::size_t total = u16(at_ + 2);
  // 0: segmented later. Behind the packet there is padding at most.
  if (total >= header) end_ = std::min(end_, at_ + total);
  if ((u16(at_ + 6) & 0x1fff) != 0) return skip(SkipReason::fragment);
  if (!has(header)) return;
  carried_.ip = at_;
  carried_.options_end = at_ + header;
  carried_.first_fragment = (u8(at_ + 6) & 0x20) != 0;
  family_ = 4;
  protocol_ = u8(at_ + 9);
  go(Layer::protocol, header);
}

void Layers::ip6() {
  constexpr std::size_t header = 40;
  if (!has(header)) return;
  const std::size_t payload = u16(at_ + 4);
  if (payload != 0) end_ = std::min(end_, at_ + header + payload);
  carried_.ip = at_;
  carried_.options_end = at_ + header;
  carried_.first_fragment = false;
  family_ = 6;
  protocol_ = u8(at_ + 6);
  go(Layer::protocol, header);
}

void Layers::protocol() {
  switch (protocol_) {
    case tcp:
      return transport(20);
    case udp_protocol:
      return go(Layer::udp, 0);
    case icmp:
    case icmp6:
      return echo();
    case ip_in_ip:
      wrap(family_ == 4 ? Wrapping::ipip : Wrapping::four_in_six);
      return go(Layer::ip, 0);
    case ip6_in_ip:
      wrap(family_ == 4 ? Wrapping::six_in_four : Wrapping::six_in_six);
      return go(Layer::ip, 0);
    case gre_protocol:
      return go(Layer::gre, 0);
    case ethernet_in_ip:
      wrap(Wrapping::other);
      return go(Layer::ethernet, 2);
    case mpls_in_ip:
      wrap(Wrapping::mpls);
      return go(Layer::mpls, 0);
    case authentication:
      return authentication_header();
    case hop_by_hop:
    case routing:
    case fragment:
    case destination:
    case mobility:
    case host_identity:
    case shim6:
      if (family_ == 6) return extension_header();
      break;
    default:
      break;
  }
  skip(SkipReason::ip_protocol, protocol_);
}

void Layers::extension_header() {
  if (!has(8)) return;
  const bool fragments = protocol_ == fragment;
  if (fragments && (u16(at_ + 2) & 0xfff8) != 0) return skip(SkipReason::fragment);
  if (fragments) carried_.first_fragment = (u8(at_ + 3) & 1) != 0;
  const std::size_t length = fragments ? 8 : (u8(at_ + 1) + std::size_t{1}) * 8;
  protocol_ = u8(at_);
  go(Layer::protocol, length);
}

// RFC 4302; its length is in words, less two.
void Layers::authentication_header() {
  if (!has(12)) return;
  const std::size_t length = (u8(at_ + 1) + std::size_t{2}) * 4;
  protocol_ = u8(at_);
  go(Layer::protocol, length);
}

void Layers::transport(std::size_t header) {
  if (!has(header)) {
    if (protocol_ == tcp && carried_.skipped == SkipReason::cut_off) {
      skip(SkipReason::ack_cut_off);
    }
    return;
  }
  if (protocol_ == tcp && u8(at_ + 12) >> 4 < 5) return skip(SkipReason::malformed);
  carried_.readable = true;
  carried_.protocol = protocol_;
  carried_.transport = at_;
  next_ = Layer::done;
}

void Layers::echo() {
  if ((protocol_ == icmp) != (family_ == 4)) return skip(SkipReason::ip_protocol, protocol_);
  if (!has(8)) return;
  const std::uint8_t type = u8(at_);
  const bool is_echo = family_ == 4 ? type == 8 || type == 0 : type == 128 || type == 129;
  if (!is_echo) return skip(SkipReason::ip_protocol, protocol_);
  transport(8);
}

// RFC 2784 and 2890; RFC 2637 for version 1.
void Layers::gre() {
  constexpr std::uint16_t checksum = 0x8000, route = 0x4000, key = 0x2000, sequence = 0x1000;
  constexpr std::uint16_t ethernet = 0x6558, erspan2 = 0x88be, erspan3 = 0x22eb;
  if (!has(4)) return;
  const std::uint16_t flags = u16(at_);
  type_ = u16(at_ + 2);
  wrap(type_ == ethernet ? Wrapping::gretap : Wrapping::gre);
  if ((flags & 7) == 1) return pptp(flags);
  if ((flags & 7) != 0 || (flags & route) != 0) return skip(SkipReason::ip_protocol, gre_protocol);
  std::size_t header = 4;
  for (const std::uint16_t field : {checksum, key, sequence}) {
    header += (flags & field) != 0 ? 4 : 0;
  }
  if (!has(header)) return;
  at_ += header;
  if (type_ == erspan2 || type_ == erspan3) return erspan(flags & sequence);
  go(Layer::ether_type, 0);
}

void Layers::pptp(std::uint16_t flags) {
  constexpr std::uint16_t sequence = 0x1000, acknowledged = 0x0080;
  const std::size_t header =
      8 + ((flags & sequence) != 0 ? 4 : 0) + ((flags & acknowledged) != 0 ? 4 : 0);
  if (type_ != 0x880b || (flags & sequence) == 0) {
    return skip(SkipReason::ip_protocol, gre_protocol);
  }
  if (!has(header)) return;
  go(Layer::ppp, header);
}

// Mirrored frames of Cisco's switches. Type I has no header and no sequence number in GRE's.
void Layers::erspan(std::uint16_t sequence) {
  carried_.wrapped &= ~(1U << static_cast<unsigned>(Wrapping::gre));
  wrap(Wrapping::erspan);
  if (type_ == 0x22eb) {
    constexpr std::size_t header = 12, subheader = 8;
    if (!has(header)) return;
    return go(Layer::ethernet, header + ((u8(at_ + 11) & 1) != 0 ? subheader : 0));
  }
  go(Layer::ethernet, sequence != 0 ? 8 : 0);
}

void Layers::udp() {
  if (!has(udp_header)) return;
  if (!tunnel_of_port(u16(at_ + 2))) transport(udp_header);
}

// False if the port is no tunnel's, or what comes by it is not of the tunnel's kind.
bool Layers::tunnel_of_port(std::uint16_t port) {
  constexpr std::uint16_t vxlan = 4789, linux_vxlan = 8472, geneve = 6081, gtp_user = 2152,
                          mpls_in_udp = 6635, esp_in_udp = 4500;
  const std::size_t at = at_ + udp_header;
  const bool holds_header = at + 8 <= end_;
  switch (port) {
    case vxlan:
    case linux_vxlan:
      // RFC 7348: a network number, and nothing in the reserved bits behind it.
      if (!holds_header || (u8(at) & 0x08) == 0 || u8(at + 7) != 0) return false;
      wrap(Wrapping::vxlan);
      go(Layer::ethernet, udp_header + 8);
      return true;
    case geneve:
      // RFC 8926: version 0, and nothing in the reserved bits behind the network's number.
      if (!holds_header || u8(at) >> 6 != 0 || u8(at + 7) != 0 || !carried_by_geneve(u16(at + 2))) {
        return false;
      }
      wrap(Wrapping::geneve);
      type_ = u16(at + 2);
      go(Layer::ether_type, udp_header + 8 + (u8(at) & 0x3fU) * std::size_t{4});
      return true;
    case gtp_user:
      // 3GPP TS 29.281: version 1, user data; other messages are datagrams like any.
      if (!holds_header || u8(at) >> 4 != 3 || u8(at + 1) != 255) return false;
      wrap(Wrapping::gtp_u);
      go(Layer::gtp, udp_header);
      return true;
    case mpls_in_udp:
      if (!holds_header) return false;
      wrap(Wrapping::mpls);
      go(Layer::mpls, udp_header);
      return true;
    case esp_in_udp:
      // RFC 3948: a first word of zero is key exchange, one byte a keep-alive.
      if (!holds_header || u32(at) == 0) return false;
      skip(SkipReason::ip_protocol, esp);
      return true;
    default:
      return false;
  }
}

void Layers::gtp() {
  constexpr std::size_t header = 8, options = 4;
  if (!has(header)) return;
  const bool has_options = (u8(at_) & 7) != 0, has_extensions = (u8(at_) & 4) != 0;
  if (has_options && !has(header + options)) return;
  std::uint8_t extension = has_extensions ? u8(at_ + 11) : 0;
  at_ += header + (has_options ? options : 0);
  while (extension != 0) {
    if (!has(4)) return;
    const std::size_t length = u8(at_) * std::size_t{4};
    if (length == 0) return skip(SkipReason::malformed);
    if (!has(length)) return;
    extension = u8(at_ + length - 1);
    at_ += length;
  }
  go(Layer::ip, 0);
}

}  // namespace tscope
