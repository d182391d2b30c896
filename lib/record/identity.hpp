// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "record/datagram.hpp"
#include "tscope/record/headers.hpp"
#include "tscope/record/packet.hpp"

namespace tscope {

/// What tells a packet of a flow's direction from the others, and what its vantage point stamped.
struct PacketStamp {
  PacketStamp() = default;
  PacketStamp(const TcpHeaders& tcp, const Packet& packet, std::uint32_t flow_index);
  PacketStamp(const Datagram& datagram, const Packet& packet, std::uint32_t flow_index);

  std::int64_t time_ns = 0;
  std::uint64_t tsc = 0;  ///< 0 in foreign files
  std::uint64_t key = 0;  ///< of the fields that every vantage point shows
  std::uint32_t flow = 0;
  std::uint32_t ack = 0;
  std::uint32_t tsval = 0, tsecr = 0;
  std::uint32_t napi_poll = 0;
  std::uint16_t cpu = 0, segs = 1, ip_id = 0;
  bool has_timestamps = false;
  bool real_ip_id = false;  ///< an IPv4 header as it was on the wire, of this very packet
  bool softirq = false;
  bool late = false;
  bool has_payload = false;
  bool datagram = false;     ///< UDP or an ICMP echo
  bool numbered = false;     ///< an echo: its sequence number tells it from others
  std::uint64_t number = 0;  ///< of the record in its file, from 1; set by the reader
  bool is_ack = false;       ///< set by the reader, which knows the flow's history
};

/// Flow, sequence number, ACK number and kind (data, or SYN, FIN, RST): what a merge, a split or a
/// short snap length leaves as it is.
std::uint64_t packet_key(const TcpHeaders& tcp);
/// Flow, length, kind and the first of the payload.
std::uint64_t packet_key(const Datagram& datagram);

/// May these be one packet? Timestamps and IP identification count where both show them.
bool same_packet(const PacketStamp& a, const PacketStamp& b);

/// Do these show more than the key by which they could be told from a repetition?
bool told_apart(const PacketStamp& a, const PacketStamp& b);

/// True if both were stamped within one NAPI poll.
bool same_poll(const PacketStamp& a, const PacketStamp& b);

}  // namespace tscope
