// SPDX-License-Identifier: MIT
#include "record/identity.hpp"

#include <algorithm>
#include <boost/container_hash/hash.hpp>
#include <cstring>

namespace tscope {

namespace {

// The finalizer of SplitMix64 (G. Steele, D. Lea, C. Flood, 2014).
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

std::uint64_t key_of(const TcpHeaders& tcp) {
  constexpr std::uint16_t opening = tcp_flag::syn | tcp_flag::fin | tcp_flag::rst;
  const std::uint64_t kind =
      tcp.payload > 0 ? 0x100 : static_cast<std::uint64_t>(tcp.flags & opening);
  const std::uint64_t ack = (tcp.flags & tcp_flag::ack) != 0 ? tcp.ack : 0;
  std::uint64_t key = mixed(FlowHash()(tcp.flow));
  key = mixed(key ^ (std::uint64_t{tcp.seq} << 32 | ack));
  return mixed(key ^ kind);
}

std::uint64_t key_of(const DatagramHeaders& datagram) {
  std::size_t seed = boost::hash_range(datagram.bytes.begin(), datagram.bytes.end());
  boost::hash_combine(seed, datagram.request);
  for (const std::uint32_t field :
       {std::uint32_t{datagram.id}, std::uint32_t{datagram.sequence}, datagram.payload}) {
    boost::hash_combine(seed, field);
  }
  return mixed(mixed(FlowHash()(datagram.flow)) ^ seed);
}

bool has_wire_ip_header(const tscope_record& record) {
  return (record.flags & TSCOPE_F_SYNTH_IP) == 0;
}

constexpr std::uint8_t protocol_icmp = 1, protocol_tcp = 6, protocol_udp = 17, protocol_icmp6 = 58;
constexpr std::size_t tcp_fixed = 20, datagram_header = 8;

// Where the transport header begins; 0 if it does not come next to the IP header or is cut.
std::size_t transport_offset(const tscope_record& record, std::size_t header_length) {
  const bool v4 = record.header[0] >> 4 == 4;
  const std::size_t offset = v4 ? std::size_t{4} * (record.header[0] & 0x0fU) : 40;
  return offset + header_length <= record.header_len ? offset : 0;
}

void hash_words(std::size_t& seed, const std::uint8_t* bytes, std::size_t length) {
  for (; length >= 4; bytes += 4, length -= 4) {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes, sizeof(word));
    boost::hash_combine(seed, word);
  }
  for (; length > 0; bytes++, length--) boost::hash_combine(seed, *bytes);
}

void hash_ip(std::size_t& seed, const std::uint8_t* header) {
  if (header[0] >> 4 == 4) {
    boost::hash_combine(seed, header[4] << 8 | header[5]);
    hash_words(seed, header + 12, 8);
  } else {
    hash_words(seed, header + 8, 32);
  }
}

// Addresses, IPv4's id, ports, sequence range, ACK, flags and TCP options (timestamps).
std::optional<std::uint64_t> segment_id(const tscope_record& record) {
  const std::size_t tcp = transport_offset(record, tcp_fixed);
  if (tcp == 0) return std::nullopt;
  const std::uint8_t* header = record.header;
  std::size_t seed = record.seq_end;
  hash_ip(seed, header);
  hash_words(seed, header + tcp, 12);
  boost::hash_combine(seed, header[tcp + 13]);
  hash_words(seed, header + tcp + tcp_fixed, record.header_len - tcp - tcp_fixed);
  return seed;
}

// Of UDP and ICMP the length, all of the header but its checksum, and the payload's first bytes.
std::optional<std::uint64_t> datagram_id(const tscope_record& record, bool udp) {
  constexpr std::uint8_t more_fragments = 0x20;
  const std::size_t at = transport_offset(record, datagram_header);
  const std::uint8_t* header = record.header;
  const bool v4 = header[0] >> 4 == 4;
  if (at == 0 || (v4 && (header[6] & more_fragments) != 0)) return std::nullopt;
  std::size_t seed = udp ? protocol_udp : protocol_icmp;
  hash_words(seed, header + (v4 ? 2 : 4), 2);
  hash_ip(seed, header);
  const std::size_t checksum = udp ? 6 : 2;
  hash_words(seed, header + at, checksum);
  hash_words(seed, header + at + checksum + 2, record.header_len - at - checksum - 2);
  return seed;
}

}  // namespace

IpId ip_id_of(const Flow& flow, std::uint16_t value, const tscope_record& record) {
  return {value, std::max<std::uint16_t>(1, record.segs),
          flow.src.family == 4 && has_wire_ip_header(record)};
}

bool may_be_one(const IpId& a, const IpId& b) {
  return !a.real || !b.real || a.segs != b.segs || a.value == b.value;
}

bool may_be_cut_from(const IpId& part, const IpId& whole) {
  return !part.real || !whole.real ||
         static_cast<std::uint16_t>(part.value - whole.value) < whole.segs;
}

PacketIdentity identity_of(const TcpHeaders& tcp, const tscope_record& record) {
  return {key_of(tcp),        tcp.tsval, tcp.tsecr, ip_id_of(tcp.flow, tcp.ip_id, record),
          tcp.has_timestamps, false};
}

PacketIdentity identity_of(const DatagramHeaders& datagram, const tscope_record& record) {
  return {key_of(datagram),
          0,
          0,
          ip_id_of(datagram.flow, datagram.ip_id, record),
          false,
          datagram.protocol == Protocol::icmp};
}

bool same_packet(const PacketIdentity& a, const PacketIdentity& b) {
  if (a.key != b.key) return false;
  if (a.has_timestamps && b.has_timestamps && (a.tsval != b.tsval || a.tsecr != b.tsecr)) {
    return false;
  }
  return may_be_one(a.ip_id, b.ip_id);
}

bool told_apart(const PacketIdentity& a, const PacketIdentity& b) {
  return a.numbered || (a.has_timestamps && b.has_timestamps) ||
         (a.ip_id.tells() && b.ip_id.tells() && a.ip_id.segs == b.ip_id.segs);
}

// Not TTL, TOS and checksums: they change on the way or are filled in late.
std::optional<std::uint64_t> wire_segment_id(const tscope_record& record) {
  constexpr unsigned not_from_the_wire =
      TSCOPE_F_SYNTH_TRANSPORT | TSCOPE_F_COALESCED | TSCOPE_F_CUT;
  if (record.segs != 1 || !has_wire_ip_header(record) || (record.flags & not_from_the_wire) != 0) {
    return std::nullopt;
  }
  switch (record.header[0] >> 4 == 4 ? record.header[9] : record.header[6]) {
    case protocol_tcp:
      return segment_id(record);
    case protocol_udp:
      return datagram_id(record, true);
    case protocol_icmp:
    case protocol_icmp6:
      return datagram_id(record, false);
    default:
      return std::nullopt;
  }
}

}  // namespace tscope
