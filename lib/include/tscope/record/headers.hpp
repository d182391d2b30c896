// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "tscope/uapi/tscope.h"

namespace tscope {

/// An IP address and a port of TCP or UDP; 0 for ICMP.
struct Endpoint {
  std::uint8_t family = 0;  ///< 4 or 6
  std::uint16_t port = 0;
  std::array<std::uint8_t, 16> address{};  ///< network order; IPv4 in the first four

  auto operator<=>(const Endpoint&) const = default;
  bool operator==(const Endpoint& other) const {
    return words() == other.words() && port == other.port && family == other.family;
  }
  /// Returns the address as two words, for hashes and comparisons.
  std::array<std::uint64_t, 2> words() const {
    return std::bit_cast<std::array<std::uint64_t, 2>>(address);
  }
  /// "10.0.0.1:5001", "[fe80::1]:5001".
  std::string to_string() const;
};

/// One direction of a connection, or of datagrams between two ends.
struct Flow {
  Endpoint src;
  Endpoint dst;

  auto operator<=>(const Flow&) const = default;
  Flow reversed() const { return {dst, src}; }
};

/// Not noexcept: the tables of libstdc++ would then compute it anew whenever they compare.
struct FlowHash {
  std::size_t operator()(const Flow& flow) const;
};

namespace tcp_flag {
inline constexpr std::uint16_t fin = 0x01, syn = 0x02, rst = 0x04, psh = 0x08, ack = 0x10,
                               urg = 0x20, ece = 0x40, cwr = 0x80;
}

/// The fields of an IPv4 or IPv6 TCP segment that the analyses use.
struct TcpHeaders {
  Flow flow;
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;
  std::uint16_t flags = 0;    ///< tcp_flag bits
  std::uint16_t window = 0;   ///< as on the wire, not scaled
  std::uint16_t ip_id = 0;    ///< 0 for IPv6
  std::uint32_t payload = 0;  ///< bytes, by the IP length; by wire_len where that is 0 (GSO)
  bool has_timestamps = false;
  std::uint32_t tsval = 0;
  std::uint32_t tsecr = 0;
  std::uint8_t sack_blocks = 0;
  std::uint16_t mss = 0;           ///< the option of a SYN; 0 without
  std::uint64_t options_hash = 0;  ///< of the option bytes; tells ACKs by their SACK blocks too

  std::uint32_t seq_end() const {
    return seq + payload + ((flags & tcp_flag::syn) != 0) + ((flags & tcp_flag::fin) != 0);
  }
};

enum class Protocol : std::uint8_t {
  tcp = TSCOPE_PROTO_TCP,
  udp = TSCOPE_PROTO_UDP,
  icmp = TSCOPE_PROTO_ICMP,  ///< echoes of ICMP and ICMPv6
};

/// A UDP datagram, or an ICMP or ICMPv6 echo.
struct DatagramHeaders {
  Protocol protocol = Protocol::udp;
  Flow flow;                            ///< ports 0 for ICMP
  std::uint16_t ip_id = 0;              ///< 0 for IPv6
  std::uint32_t payload = 0;            ///< bytes behind the 8 of the header, by the IP length
  bool request = false;                 ///< ICMP: an echo request, else a reply
  std::uint16_t id = 0, sequence = 0;   ///< ICMP
  std::span<const std::uint8_t> bytes;  ///< the first of the payload, in what was decoded
};

/// Decodes headers that start at the IP header; wire_len is the packet's length from there.
/// Extension headers are followed; a later fragment or anything but TCP gives nothing.
std::optional<TcpHeaders> decode_tcp(std::span<const std::uint8_t> headers, std::uint32_t wire_len);
/// Decodes a record's headers; seq and payload are those of the record's range, which holds for
/// merged segments too.
std::optional<TcpHeaders> decode_tcp(const tscope_record& record);

/// Bytes that arrived behind a hole, sequence numbers (RFC 2018); `high` is exclusive.
struct SackBlock {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
};

/// Returns how many SACK blocks a TCP record's header shows, and writes them to `blocks`.
std::size_t decode_sack(const tscope_record& record, std::array<SackBlock, 4>& blocks);

/// Decodes UDP and ICMP echoes as decode_tcp() does TCP; `bytes` points into `headers`.
std::optional<DatagramHeaders> decode_datagram(std::span<const std::uint8_t> headers,
                                               std::uint32_t wire_len);
/// Decodes a record's headers; `bytes` points into the record.
std::optional<DatagramHeaders> decode_datagram(const tscope_record& record);

/// Returns the flow of a record of TCP, UDP or an ICMP echo; nothing of any other.
std::optional<Flow> flow_of(const tscope_record& record);

/// Returns what the IP header says; nothing for another protocol or a later fragment.
std::optional<Protocol> protocol_of(const tscope_record& record);

}  // namespace tscope
