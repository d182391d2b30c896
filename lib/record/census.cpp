// SPDX-License-Identifier: MIT
#include "tscope/record/census.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>

namespace tscope {

namespace {

constexpr std::size_t kinds_max = 256;  // of skipped packets that are told apart

struct Name {
  std::uint16_t number;
  std::string_view name;
};

constexpr Name ether_types[] = {
    {0x0806, "ARP"},   {0x8035, "RARP"}, {0x8137, "IPX"},          {0x8863, "PPPoE discovery"},
    {0x888e, "EAPOL"}, {0x88cc, "LLDP"}, {0x88e5, "MACsec"},       {0x88f7, "PTP"},
    {0x8809, "LACP"},  {0x8906, "FCoE"}, {0x9000, "loopback test"}};
constexpr Name dsaps[] = {{0x42, "spanning tree"}, {0xaa, "SNAP"}, {0xe0, "IPX"}, {0xfe, "ISO"}};
constexpr Name ppp_protocols[] = {{0xc021, "LCP"},           {0x8021, "IPCP"}, {0x8057, "IPv6CP"},
                                  {0xc023, "PAP"},           {0xc223, "CHAP"}, {0x80fd, "CCP"},
                                  {0x00fd, "compressed PPP"}};
constexpr Name ip_protocols[] = {{1, "ICMP"},    {2, "IGMP"},     {47, "GRE"},     {50, "ESP"},
                                 {58, "ICMPv6"}, {59, "nothing"}, {88, "EIGRP"},   {89, "OSPF"},
                                 {103, "PIM"},   {112, "VRRP"},   {115, "L2TPv3"}, {132, "SCTP"}};

std::string named(std::span<const Name> names, std::uint16_t number, std::string_view kind) {
  const auto found = std::ranges::find(names, number, &Name::number);
  return found != names.end() ? std::string(found->name) : fmt::format("{} {:#x}", kind, number);
}

constexpr std::uint32_t key_of(SkipReason reason, std::uint16_t number) {
  return static_cast<std::uint32_t>(reason) << 16 | number;
}

}  // namespace

std::string_view wrapping_name(Wrapping wrapping) {
  constexpr std::string_view names[] = {"MPLS",   "PPPoE", "IPIP",   "6in4",   "4in6",
                                        "6in6",   "GRE",   "GRETAP", "ERSPAN", "VXLAN",
                                        "Geneve", "GTP-U", "other"};
  static_assert(std::size(names) == wrappings);
  return names[static_cast<std::size_t>(wrapping)];
}

std::string skip_text(SkipReason reason, std::uint16_t number) {
  switch (reason) {
    case SkipReason::link_type:
      return fmt::format("link type {}", number);
    case SkipReason::no_interface:
      return "of an interface that the file does not describe";
    case SkipReason::ether_type:
      return named(ether_types, number, "EtherType");
    case SkipReason::llc:
      return named(dsaps, number, "802.2 DSAP");
    case SkipReason::ppp:
      return named(ppp_protocols, number, "PPP protocol");
    case SkipReason::family:
      return fmt::format("address family {}", number);
    case SkipReason::ip_protocol:
      if (number == 1 || number == 58) {
        return named(ip_protocols, number, "") + " other than echo";
      }
      return named(ip_protocols, number, "IP protocol");
    case SkipReason::fragment:
      return "later fragments";
    case SkipReason::cut_off:
      return "cut off by the snap length";
    case SkipReason::ack_cut_off:
      return "TCP cut off before the ACK number";
    case SkipReason::malformed:
      return "malformed";
    case SkipReason::no_record:
      return "without a record";
  }
  return "?";
}

std::string_view skip_name(SkipReason reason) {
  constexpr std::string_view names[] = {"link_type", "no_interface", "ether_type",  "llc",
                                        "ppp",       "family",       "ip_protocol", "fragment",
                                        "cut_off",   "ack_cut_off",  "malformed",   "no_record"};
  return names[static_cast<std::size_t>(reason)];
}

void Census::skip(SkipReason reason, std::uint16_t number) {
  std::uint32_t key = key_of(reason, number);
  if (skipped_.size() >= kinds_max && !skipped_.contains(key)) key = key_of(reason, 0);
  skipped_[key]++;
}

std::uint64_t Census::skipped() const {
  std::uint64_t sum = 0;
  for (const auto& [key, count] : skipped_) sum += count;
  return sum;
}

std::uint64_t Census::skipped(SkipReason reason) const {
  std::uint64_t sum = 0;
  for (const auto& [key, count] : skipped_) {
    if (key >> 16 == static_cast<std::uint32_t>(reason)) sum += count;
  }
  return sum;
}

std::vector<Census::Skipped> Census::skipped_by_reason() const {
  std::vector<Skipped> all;
  for (const auto& [key, count] : skipped_) {
    all.push_back({static_cast<SkipReason>(key >> 16), static_cast<std::uint16_t>(key), count});
  }
  std::ranges::stable_sort(all, std::greater(), &Skipped::packets);
  return all;
}

void Census::add(const Census& other) {
  packets += other.packets;
  tcp += other.tcp;
  tcp_bytes += other.tcp_bytes;
  pure_acks += other.pure_acks;
  datagrams += other.datagrams;
  for (std::size_t i = 0; i < wrappings; i++) wrapped[i] += other.wrapped[i];
  snap_length = std::max(snap_length, other.snap_length);
  snap_needed = std::max(snap_needed, other.snap_needed);
  copies += other.copies;
  perhaps_copies += other.perhaps_copies;
  second_side += other.second_side;
  without_time += other.without_time;
  back_in_time += other.back_in_time;
  back_max_ns = std::max(back_max_ns, other.back_max_ns);
  step_ns = std::gcd(step_ns, other.step_ns);
  for (const auto& [key, count] : other.skipped_) skipped_[key] += count;
}

std::string skipped_text(const Census& census) {
  constexpr std::size_t shown = 8;
  std::string text;
  std::size_t at = 0;
  std::uint64_t others = 0;
  for (const Census::Skipped& skipped : census.skipped_by_reason()) {
    if (at++ >= shown) {
      others += skipped.packets;
      continue;
    }
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", skipped.packets,
                        skip_text(skipped.reason, skipped.number));
  }
  return others == 0 ? text : fmt::format("{}, {} other", text, others);
}

std::string snap_length_text(const Census& census) {
  if (census.snap_needed == 0) return "";
  const std::uint64_t acks = census.skipped(SkipReason::ack_cut_off);
  return fmt::format(
      "the snap length of {} bytes cuts off {} of {} packets; capture with a snap length of at "
      "least {} bytes",
      census.snap_length, acks > 0 ? "the ACK numbers" : "the headers",
      acks > 0 ? acks : census.skipped(SkipReason::cut_off), census.snap_needed);
}

std::string why_no_packets(const Census& census) {
  if (census.packets == 0) return "the file holds no packets; did the port match any traffic?";
  std::string text = fmt::format("none of its {} packets can be analysed: {}", census.packets,
                                 skipped_text(census));
  if (census.copies > 0) text += fmt::format(", {} copies", census.copies);
  const std::string snap = snap_length_text(census);
  return snap.empty() ? text : text + "; " + snap;
}

}  // namespace tscope
