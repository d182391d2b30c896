// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "tscope/record/headers.hpp"

namespace tscope {

/// The IPv4 identification in a record's header. A record of several segments shows its first
/// one's.
struct IpId {
  std::uint16_t value = 0;
  std::uint16_t segs = 1;  ///< wire segments in the record
  bool real = false;       ///< of an IPv4 header as it was on the wire: not IPv6, not made up

  /// True if it tells this packet from others: 0 is what a sender that does not count gives to all.
  bool tells() const { return real && value != 0; }
};

/// Returns what a record's header shows; `value` is as it was decoded.
IpId ip_id_of(const Flow& flow, std::uint16_t value, const tscope_record& record);

/// Returns false if the identifications show two packets. Those of records with different numbers
/// of segments can't be compared: ACKs that the backlog merged have the identification of the first
/// but the ACK number of the last.
bool may_be_one(const IpId& a, const IpId& b);

/// Returns false if `part` can't be a segment cut from `whole`: these count on from its
/// identification.
bool may_be_cut_from(const IpId& part, const IpId& whole);

/// What tells a packet from the others of a capture, whatever the vantage point.
struct PacketIdentity {
  std::uint64_t key = 0;  ///< of the fields that every vantage point shows
  std::uint32_t tsval = 0, tsecr = 0;
  IpId ip_id;
  bool has_timestamps = false;
  bool numbered = false;  ///< an echo: its sequence number tells it from others
};

/// Returns the identity of a segment. Its key is of flow, sequence number, ACK number and kind
/// (data, or SYN, FIN, RST): what a merge, a split or a short snap length leaves as it is.
PacketIdentity identity_of(const TcpHeaders& tcp, const tscope_record& record);
/// Returns the identity of a UDP datagram or an ICMP echo. Its key is of flow, length, kind,
/// numbers and the first of the payload.
PacketIdentity identity_of(const DatagramHeaders& datagram, const tscope_record& record);

/// Returns true if these may be one packet. Timestamps and IP identification count where both show
/// them.
bool same_packet(const PacketIdentity& a, const PacketIdentity& b);

/// Returns true if two that may be one packet show more than the key by which they could be told
/// from a repetition.
bool told_apart(const PacketIdentity& a, const PacketIdentity& b);

/// Returns a number that is equal for one wire segment's records at every vantage point of a
/// capture, whatever changes on the way: pcapng's epb_packetid (docs/file-format.md). Nothing for a
/// record that is not one whole segment or datagram with its headers as they were on the wire.
std::optional<std::uint64_t> wire_segment_id(const tscope_record& record);

}  // namespace tscope
