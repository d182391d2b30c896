// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tscope {

/// What a packet can be wrapped in, beside VLAN tags.
enum class Wrapping : std::uint8_t {
  mpls,
  pppoe,
  ipip,  ///< IPv4 in IPv4
  six_in_four,
  four_in_six,
  six_in_six,
  gre,
  gretap,  ///< Ethernet in GRE
  erspan,
  vxlan,
  geneve,
  gtp_u,
  other,  ///< EtherIP, provider backbone bridges, ESP in UDP
};
inline constexpr std::size_t wrappings = 13;

/// "VXLAN", "6in4".
std::string_view wrapping_name(Wrapping wrapping);

/// Why a packet of a file is not analysed.
enum class SkipReason : std::uint8_t {
  link_type,     ///< its interface has a link type that carries no IP that can be read
  no_interface,  ///< names an interface that the file does not describe
  ether_type,    ///< not IP: the number is its EtherType
  llc,           ///< an 802.2 frame: the number is its DSAP
  ppp,           ///< the number is its PPP protocol
  family,        ///< the number is that of a loopback header
  ip_protocol,   ///< IP, and not TCP, UDP or an ICMP echo: the number is the protocol
  fragment,      ///< a later fragment of an IP packet
  cut_off,       ///< the snap length ends before the headers that are needed
  ack_cut_off,   ///< TCP whose ACK number the snap length cuts off
  malformed,     ///< headers that contradict each other
  no_record,     ///< of a capture of ours: without its record, or in a damaged block
};

/// What a capture file held, and what became of it: the packets that are skipped, those that are
/// copies, and what is wrong with the times.
struct Census {
  struct Skipped {
    SkipReason reason;
    std::uint16_t number;  ///< as the reason says, else 0
    std::uint64_t packets;
  };

  std::uint64_t packets = 0;                            ///< in the file, whatever they carry
  std::uint64_t tcp = 0, tcp_bytes = 0, pure_acks = 0;  ///< of foreign packets; bytes of payload
  std::uint64_t datagrams = 0;                          ///< UDP and ICMP echoes
  std::array<std::uint64_t, wrappings> wrapped{};       ///< packets, by what they are wrapped in
  std::uint32_t snap_length = 0;  ///< the most that was captured of a packet whose headers are cut
  std::uint32_t snap_needed = 0;  ///< bytes that hold the headers of each of these

  std::uint64_t copies = 0;          ///< left out
  std::uint64_t perhaps_copies = 0;  ///< kept: equal to another, with no IP id that could tell
  std::uint64_t second_side = 0;     ///< seen again behind a router: at an interface of their own

  std::uint64_t without_time = 0;
  std::uint64_t back_in_time = 0;  ///< earlier than the packet before them
  std::int64_t back_max_ns = 0;    ///< the most that one of these is earlier
  std::int64_t step_ns = 0;        ///< all times are multiples of it; 0: not known

  void skip(SkipReason reason, std::uint16_t number = 0);
  std::uint64_t skipped() const;
  std::uint64_t skipped(SkipReason reason) const;
  /// Most packets first.
  std::vector<Skipped> skipped_by_reason() const;
  void add(const Census& other);

 private:
  std::map<std::uint32_t, std::uint64_t> skipped_;  // reason and number; bounded
};

/// "ARP", "IGMP", "EtherType 0x88cc", "later fragment", "cut off by the snap length".
std::string skip_text(SkipReason reason, std::uint16_t number);
/// The same for programs: "ether_type", "fragment".
std::string_view skip_name(SkipReason reason);

/// Returns "8 ARP, 4 later fragments"; "" if nothing was skipped.
std::string skipped_text(const Census& census);
/// Returns why there is nothing to analyse in a file: it has no packets, or all were skipped.
std::string why_no_packets(const Census& census);
/// Returns which snap length cuts off headers, and which is needed; "" if none does.
std::string snap_length_text(const Census& census);

}  // namespace tscope
