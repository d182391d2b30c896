// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "record/delivered_data.hpp"
#include "record/identity.hpp"
#include "tscope/record/headers.hpp"
#include "tscope/record/packet.hpp"

namespace tscope {

/// A packet of a flow's direction, and what its vantage point stamped.
struct PacketStamp {
  PacketStamp() = default;
  PacketStamp(const TcpHeaders& tcp, const Packet& packet, std::uint32_t flow_index);
  PacketStamp(const DatagramHeaders& datagram, const Packet& packet, std::uint32_t flow_index);

  PacketIdentity identity;
  std::int64_t time_ns = 0;
  std::uint64_t tsc = 0;  ///< 0 in foreign files
  std::uint32_t flow = 0;
  std::uint32_t napi_poll = 0;
  std::uint16_t cpu = 0, segs = 1;
  bool softirq = false;
  bool late = false;
  bool has_payload = false;
  bool datagram = false;            ///< UDP or an ICMP echo
  std::uint64_t number = 0;         ///< of the record in its file, from 1; set by the reader
  std::int64_t file_time_ns = 0;    ///< by its own file's clock, whatever becomes of time_ns
  std::uint64_t packet_number = 0;  ///< Packet::number
  // Set by the reader, which knows the flow's history:
  bool is_ack = false;
  DeliveredSoFar delivered;  ///< of an ACK: what was delivered up to it

 private:
  PacketStamp(const PacketIdentity& who, const Packet& packet, std::uint32_t flow_index);
};

/// Returns true if both were stamped within one NAPI poll.
bool same_poll(const PacketStamp& a, const PacketStamp& b);

}  // namespace tscope
