// SPDX-License-Identifier: MIT
// What lies between the start of a frame and its first IP header.
#include "file/layers.hpp"

#include <algorithm>
#include <array>

namespace tscope {

namespace {

enum LinkTypes : std::uint16_t {
  bsd_loopback = 0,
  ethernet_link = 1,
  ppp_link = 9,
  fddi = 10,
  raw_bsd = 12,
  raw_openbsd = 14,
  ppp_hdlc = 50,
  ppp_ethernet = 51,
  atm_rfc1483 = 100,
  raw_ip = 101,
  cisco_hdlc = 104,
  openbsd_loop = 108,
  openbsd_enc = 109,
  linux_sll = 113,
  ppp_with_direction = 204,
  ipv4 = 228,
  ipv6 = 229,
  nflog = 239,
  apple_pktap = 258,
  linux_sll2 = 276,
};

constexpr std::array known{
    bsd_loopback,       ethernet_link, ppp_link, fddi,       raw_bsd,      raw_openbsd, ppp_hdlc,
    ppp_ethernet,       atm_rfc1483,   raw_ip,   cisco_hdlc, openbsd_loop, openbsd_enc, linux_sll,
    ppp_with_direction, ipv4,          ipv6,     nflog,      apple_pktap,  linux_sll2};

constexpr std::uint16_t ether_type_from = 0x0600;  // below it is an 802.3 length
constexpr std::uint16_t ether_type_ipv4 = 0x0800, ether_type_ipv6 = 0x86dd;
constexpr std::size_t pppoe_header = 6;

std::uint32_t little32(std::span<const std::uint8_t> bytes, std::size_t at) {
  return bytes[at] | std::uint32_t{bytes[at + 1]} << 8 | std::uint32_t{bytes[at + 2]} << 16 |
         std::uint32_t{bytes[at + 3]} << 24;
}

// AF_INET and the several AF_INET6 of Linux, the BSDs, macOS and Windows.
bool is_ip_family(std::uint32_t family) {
  constexpr std::uint32_t families[] = {2, 10, 23, 24, 26, 28, 30};
  return std::ranges::find(families, family) != std::end(families);
}

}  // namespace

bool link_type_known(std::uint16_t link_type) {
  return std::ranges::find(known, link_type) != known.end();
}

void Layers::skip(SkipReason reason, std::uint16_t number) {
  carried_.skipped = reason;
  carried_.number = number;
  next_ = Layer::done;
}

void Layers::skip_short(std::size_t needed) {
  const bool cut = end_ == frame_.size() && frame_.size() < original_length_;
  if (cut) carried_.needed = static_cast<std::uint32_t>(needed);
  skip(cut ? SkipReason::cut_off : SkipReason::malformed);
}

Carried Layers::follow(std::uint16_t link_type) {
  type_ = link_type;
  next_ = Layer::link;
  while (next_ != Layer::done) {
    switch (next_) {
      case Layer::link:
        link();
        break;
      case Layer::ethernet:
        ethernet();
        break;
      case Layer::ether_type:
        ether_type();
        break;
      case Layer::llc:
        llc();
        break;
      case Layer::ppp:
        ppp();
        break;
      case Layer::mpls:
        mpls();
        break;
      case Layer::ip:
        ip();
        break;
      case Layer::protocol:
        protocol();
        break;
      case Layer::gre:
        gre();
        break;
      case Layer::udp:
        udp();
        break;
      case Layer::gtp:
        gtp();
        break;
      case Layer::done:
        break;
    }
  }
  return carried_;
}

void Layers::link() {
  switch (type_) {
    case ethernet_link:
      return go(Layer::ethernet, 0);
    case bsd_loopback:
    case openbsd_loop:
      return loopback();
    case linux_sll:
      return cooked();
    case linux_sll2:
      return cooked2();
    case nflog:
      return netfilter_log();
    case apple_pktap:
      return pktap();
    case ppp_link:
    case ppp_hdlc:
      return go(Layer::ppp, 0);
    case ppp_with_direction:
      return go(Layer::ppp, 1);
    case ppp_ethernet:
      if (has(pppoe_header)) go(Layer::ppp, pppoe_header);
      return;
    case atm_rfc1483:
      return go(Layer::llc, 0);
    case fddi:
      return go(Layer::llc, 13);
    case cisco_hdlc:
      if (!has(4)) return;
      type_ = u16(at_ + 2);
      return go(Layer::ether_type, 4);
    case openbsd_enc:
      return go(Layer::ip, 12);
    case raw_bsd:
    case raw_openbsd:
    case raw_ip:
    case ipv4:
    case ipv6:
      return go(Layer::ip, 0);
    default:
      skip(SkipReason::link_type, type_);
  }
}

// A family in the byte order of whoever captured, or of the network; DLT_LOOP likewise.
void Layers::loopback() {
  if (!has(4)) return;
  const std::uint32_t little = little32(frame_, at_), big = u32(at_);
  if (is_ip_family(little) || is_ip_family(big)) return go(Layer::ip, 4);
  skip(SkipReason::family, static_cast<std::uint16_t>(std::min(little, big)));
}

void Layers::cooked() {
  constexpr std::uint16_t outgoing = 4;
  constexpr std::size_t header = 16;
  if (!has(header)) return;
  carried_.place.way = u16(at_) == outgoing ? Place::Way::out : Place::Way::in;
  type_ = u16(at_ + 14);
  go(type_ == 4 ? Layer::llc : Layer::ether_type, header);
}

void Layers::cooked2() {
  constexpr std::uint8_t outgoing = 4;
  constexpr std::size_t header = 20;
  if (!has(header)) return;
  carried_.place = {u32(at_ + 4), u8(at_ + 10) == outgoing ? Place::Way::out : Place::Way::in};
  type_ = u16(at_);
  go(type_ == 4 ? Layer::llc : Layer::ether_type, header);
}

// Attributes in the byte order of whoever captured. No type is above 255, which tells the order.
void Layers::netfilter_log() {
  constexpr std::size_t header = 4, attribute = 4;
  constexpr std::uint16_t payload = 9;
  if (!has(header)) return;
  at_ += header;
  while (has(attribute)) {
    const std::uint16_t big = u16(at_ + 2);
    const bool little = big > 0xff;
    const auto swapped = [](std::uint16_t value) { return __builtin_bswap16(value); };
    const std::uint16_t type = little ? swapped(big) : big;
    const std::uint16_t length = little ? swapped(u16(at_)) : u16(at_);
    if (length < attribute) return skip(SkipReason::malformed);
    if (type == payload) return go(Layer::ip, attribute);
    at_ += (length + std::size_t{3}) / 4 * 4;
  }
}

// What tcpdump on macOS writes for several devices: the link type of the frame stands in front.
void Layers::pktap() {
  constexpr std::size_t shortest = 108;
  if (!has(shortest)) return;
  const std::uint32_t length = little32(frame_, at_), inner = little32(frame_, at_ + 8);
  if (length < shortest || inner > 0xffff || !has(length)) return skip(SkipReason::malformed);
  type_ = static_cast<std::uint16_t>(inner);
  go(Layer::link, length);
}

void Layers::ethernet() {
  constexpr std::size_t header = 14;
  if (!has(header)) return;
  type_ = u16(at_ + 12);
  go(Layer::ether_type, header);
}

void Layers::ether_type() {
  constexpr std::size_t vlan_tag = 4, backbone_tag = 4, bridge_port_tag = 8;
  switch (type_) {
    case ether_type_ipv4:
    case ether_type_ipv6:
      return go(Layer::ip, 0);
    case 0x8100:
    case 0x88a8:
    case 0x9100:
    case 0x9200:
    case 0x9300:
    case 0x8926:  // VN-Tag
      if (!has(type_ == 0x8926 ? vlan_tag + 2 : vlan_tag)) return;
      at_ += type_ == 0x8926 ? 2 : 0;
      type_ = u16(at_ + 2);
      return go(Layer::ether_type, vlan_tag);
    case 0x893f:  // IEEE 802.1BR
      if (!has(bridge_port_tag)) return;
      type_ = u16(at_ + 6);
      return go(Layer::ether_type, bridge_port_tag);
    case 0x88e7:  // IEEE 802.1ah
      wrap(Wrapping::other);
      return go(Layer::ethernet, backbone_tag);
    case 0x6558:
      return go(Layer::ethernet, 0);
    case 0x8847:
    case 0x8848:
      wrap(Wrapping::mpls);
      return go(Layer::mpls, 0);
    case 0x8864:
      if (!has(pppoe_header)) return;
      wrap(Wrapping::pppoe);
      return go(Layer::ppp, pppoe_header);
    case 0x880b:
      return go(Layer::ppp, 0);
    default:
      if (type_ < ether_type_from) return go(Layer::llc, 0);
      skip(SkipReason::ether_type, type_);
  }
}

void Layers::llc() {
  constexpr std::uint8_t snap = 0xaa, ip_over_llc = 0x06;
  constexpr std::size_t header = 3, snap_header = 5;
  if (!has(header)) return;
  const std::uint8_t dsap = u8(at_);
  if (dsap == ip_over_llc) return go(Layer::ip, header);
  if (dsap != snap) return skip(SkipReason::llc, dsap);
  if (!has(header + snap_header)) return;
  const std::uint32_t organisation = u32(at_ + 2) & 0xffffff;
  type_ = u16(at_ + 6);
  const bool ether_types = organisation == 0 || organisation == 0xf8;
  if (!ether_types || type_ < ether_type_from) return skip(SkipReason::llc, dsap);
  go(Layer::ether_type, header + snap_header);
}

// RFC 1661 and 1662: address and control, and the protocol's first byte, may have been left out.
void Layers::ppp() {
  if (!has(2)) return;
  if (u8(at_) == 0xff && u8(at_ + 1) == 0x03) at_ += 2;
  if (!has(1)) return;
  const bool one_byte = (u8(at_) & 1) != 0;
  if (!has(one_byte ? 1 : 2)) return;
  const std::uint16_t type = one_byte ? u8(at_) : u16(at_);
  at_ += one_byte ? 1 : 2;
  switch (type) {
    case 0x21:
    case 0x57:
      return go(Layer::ip, 0);
    case 0x281:
      wrap(Wrapping::mpls);
      return go(Layer::mpls, 0);
    default:
      skip(SkipReason::ppp, type);
  }
}

// Nothing says what the labels carry but its first four bits (RFC 4928): 0 is a control word.
void Layers::mpls() {
  constexpr std::size_t label = 4, control_word = 4;
  if (!has(label)) return;
  const bool bottom = (u8(at_ + 2) & 1) != 0;
  if (!bottom) return go(Layer::mpls, label);
  at_ += label;
  if (!has(1)) return;
  switch (u8(at_) >> 4) {
    case 4:
    case 6:
      return go(Layer::ip, 0);
    case 0:
      return go(Layer::ethernet, control_word);
    default:
      skip(SkipReason::ether_type, 0x8847);
  }
}

}  // namespace tscope
