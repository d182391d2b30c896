// SPDX-License-Identifier: MIT
#include "tscope/record/headers.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/word_hash.hpp"

namespace tscope {

namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::uint8_t protocol_icmp = 1, protocol_tcp = 6, protocol_udp = 17, protocol_icmp6 = 58;
constexpr std::size_t datagram_header = 8;  // of UDP, and of an ICMP echo
constexpr int extension_headers_max = 8;

std::uint16_t be16(Bytes bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

std::uint32_t be32(Bytes bytes, std::size_t at) {
  return static_cast<std::uint32_t>(be16(bytes, at)) << 16 | be16(bytes, at + 2);
}

struct Ip {
  std::uint8_t family = 0;
  std::uint8_t protocol = 0;  // as the header has it
  std::size_t offset = 0;     // of the transport header
  std::uint32_t length = 0;   // of the whole packet, from the IP header on
  std::uint16_t id = 0;
};

std::optional<Ip> decode_v4(Bytes bytes, std::uint32_t wire_len) {
  if (bytes.size() < 20) return std::nullopt;
  const std::size_t header = std::size_t{4} * (bytes[0] & 0x0fU);
  const bool later_fragment = (be16(bytes, 6) & 0x1fff) != 0;
  if (header < 20 || later_fragment || bytes[9] == protocol_icmp6) return std::nullopt;
  const std::uint16_t total = be16(bytes, 2);
  return Ip{4, bytes[9], header, total != 0 ? total : wire_len, be16(bytes, 4)};
}

bool is_transport_v6(std::uint8_t next) {
  return next == protocol_tcp || next == protocol_udp || next == protocol_icmp6;
}

std::optional<Ip> decode_v6(Bytes bytes, std::uint32_t wire_len) {
  constexpr std::uint8_t hop_by_hop = 0, routing = 43, fragment = 44, destination = 60;
  if (bytes.size() < 40) return std::nullopt;
  const std::uint16_t payload = be16(bytes, 4);
  std::uint8_t next = bytes[6];
  std::size_t offset = 40;
  for (int i = 0; i < extension_headers_max && !is_transport_v6(next); i++) {
    if (next != hop_by_hop && next != routing && next != fragment && next != destination) {
      return std::nullopt;
    }
    if (bytes.size() < offset + 8) return std::nullopt;
    if (next == fragment && (be16(bytes, offset + 2) & 0xfff8) != 0) return std::nullopt;
    const std::size_t length = next == fragment ? 8 : (bytes[offset + 1] + 1U) * 8;
    next = bytes[offset];
    offset += length;
  }
  if (!is_transport_v6(next)) return std::nullopt;
  return Ip{6, next, offset, payload != 0 ? payload + 40U : wire_len, 0};
}

std::optional<Ip> decode_ip(Bytes bytes, std::uint32_t wire_len) {
  if (bytes.empty()) return std::nullopt;
  if (bytes[0] >> 4 == 4) return decode_v4(bytes, wire_len);
  if (bytes[0] >> 4 == 6) return decode_v6(bytes, wire_len);
  return std::nullopt;
}

bool is_icmp(std::uint8_t protocol) {
  return protocol == protocol_icmp || protocol == protocol_icmp6;
}

constexpr std::uint8_t option_end = 0, option_none = 1, option_mss = 2, option_sack = 5,
                       option_timestamps = 8;

// Takes the next option off the front, kind and length included; empty at the end.
Bytes next_option(Bytes& options) {
  while (!options.empty() && options[0] == option_none) options = options.subspan(1);
  if (options.size() < 2 || options[0] == option_end) return {};
  const std::uint8_t length = options[1];
  if (length < 2 || length > options.size()) return {};
  const Bytes option = options.first(length);
  options = options.subspan(length);
  return option;
}

// What nearly all segments have: two fillers and the timestamps (RFC 7323, appendix A).
bool are_only_timestamps(Bytes options) {
  return options.size() == 12 && be32(options, 0) == 0x0101080a;
}

void decode_options(Bytes options, TcpHeaders& tcp) {
  if (are_only_timestamps(options)) {
    tcp.has_timestamps = true;
    tcp.tsval = be32(options, 4);
    tcp.tsecr = be32(options, 8);
    return;
  }
  for (Bytes option = next_option(options); !option.empty(); option = next_option(options)) {
    if (option[0] == option_timestamps && option.size() == 10) {
      tcp.has_timestamps = true;
      tcp.tsval = be32(option, 2);
      tcp.tsecr = be32(option, 6);
    } else if (option[0] == option_sack) {
      tcp.sack_blocks = static_cast<std::uint8_t>((option.size() - 2) / 8);
    } else if (option[0] == option_mss && option.size() == 4) {
      tcp.mss = be16(option, 2);
    }
  }
}

// Returns the options of a TCP header, as far as the bytes go.
Bytes options_of(Bytes tcp) {
  const std::size_t header = std::size_t{4} * (tcp[12] >> 4);
  return header < 20 ? Bytes{} : tcp.subspan(20, std::min(header, tcp.size()) - 20);
}

Endpoint endpoint(const Ip& ip, Bytes bytes, std::size_t address_at, std::uint16_t port) {
  Endpoint result;
  result.family = ip.family;
  result.port = port;
  const std::uint8_t* const address = &bytes[address_at];
  // Written by words, as it is read: the CPU then need not wait for what it has just written.
  std::array<std::uint64_t, 2> words{};
  if (ip.family == 4) {
    words[0] = word_at<std::uint32_t>(address);
  } else {
    words = {word_at<std::uint64_t>(address), word_at<std::uint64_t>(address + 8)};
  }
  result.address = std::bit_cast<decltype(result.address)>(words);
  return result;
}

Flow flow_of(const Ip& ip, Bytes bytes, std::uint16_t sport, std::uint16_t dport) {
  const std::size_t src_at = ip.family == 4 ? 12 : 8;
  const std::size_t dst_at = ip.family == 4 ? 16 : 24;
  return {endpoint(ip, bytes, src_at, sport), endpoint(ip, bytes, dst_at, dport)};
}

// The type's place in both numberings: request 8 or 128, reply 0 or 129.
bool decode_echo(const Ip& ip, Bytes icmp, DatagramHeaders& result) {
  const std::uint8_t request = ip.family == 4 ? 8 : 128, reply = ip.family == 4 ? 0 : 129;
  if (icmp[0] != request && icmp[0] != reply) return false;
  result.protocol = Protocol::icmp;
  result.request = icmp[0] == request;
  result.id = be16(icmp, 4);
  result.sequence = be16(icmp, 6);
  return true;
}

bool decode(Bytes bytes, std::uint32_t wire_len, TcpHeaders& result) {
  const auto ip = decode_ip(bytes, wire_len);
  if (!ip || ip->protocol != protocol_tcp || bytes.size() < ip->offset + 20) return false;

  const Bytes tcp = bytes.subspan(ip->offset);
  const std::size_t header = std::size_t{4} * (tcp[12] >> 4);
  if (header < 20) return false;

  result.flow = flow_of(*ip, bytes, be16(tcp, 0), be16(tcp, 2));
  result.seq = be32(tcp, 4);
  result.ack = be32(tcp, 8);
  result.flags = tcp[13];
  result.window = be16(tcp, 14);
  result.ip_id = ip->id;
  const std::size_t headers = ip->offset + header;
  result.payload = ip->length > headers ? static_cast<std::uint32_t>(ip->length - headers) : 0;
  const Bytes options = options_of(tcp);
  decode_options(options, result);
  result.options_hash = hash_of(0, options.data(), options.size());
  return true;
}

Bytes header_of(const tscope_record& record) {
  return {record.header, std::min<std::size_t>(record.header_len, TSCOPE_HEADER_MAX)};
}

}  // namespace

std::string Endpoint::to_string() const {
  char text[INET6_ADDRSTRLEN] = "?";
  inet_ntop(family == 4 ? AF_INET : AF_INET6, address.data(), text, sizeof(text));
  return family == 4 ? fmt::format("{}:{}", text, port) : fmt::format("[{}]:{}", text, port);
}

std::size_t FlowHash::operator()(const Flow& flow) const {
  const auto hash_of_end = [](const Endpoint& end) {
    const auto [low, high] = end.words();
    return mixed(low, high ^ end.port);
  };
  return mixed(hash_of_end(flow.src), hash_of_end(flow.dst));
}

std::optional<TcpHeaders> decode_tcp(Bytes bytes, std::uint32_t wire_len) {
  std::optional<TcpHeaders> result(std::in_place);
  if (!decode(bytes, wire_len, *result)) result.reset();
  return result;
}

std::optional<TcpHeaders> decode_tcp(const tscope_record& record) {
  auto tcp = decode_tcp(header_of(record), record.wire_len);
  if (!tcp) return tcp;
  const std::uint32_t flags_length =
      ((tcp->flags & tcp_flag::syn) != 0) + ((tcp->flags & tcp_flag::fin) != 0);
  const std::uint32_t range = record.seq_end - record.seq;
  tcp->seq = record.seq;
  tcp->payload = range > flags_length ? range - flags_length : 0;
  return tcp;
}

std::size_t decode_sack(const tscope_record& record, std::array<SackBlock, 4>& blocks) {
  const Bytes bytes = header_of(record);
  const auto ip = decode_ip(bytes, record.wire_len);
  if (!ip || ip->protocol != protocol_tcp || bytes.size() < ip->offset + 20) return 0;
  Bytes options = options_of(bytes.subspan(ip->offset));
  std::size_t count = 0;
  for (Bytes option = next_option(options); !option.empty(); option = next_option(options)) {
    if (option[0] != option_sack) continue;
    for (std::size_t at = 2; at + 8 <= option.size() && count < blocks.size(); at += 8) {
      blocks[count++] = {be32(option, at), be32(option, at + 4)};
    }
  }
  return count;
}

std::optional<DatagramHeaders> decode_datagram(Bytes bytes, std::uint32_t wire_len) {
  const auto ip = decode_ip(bytes, wire_len);
  if (!ip || bytes.size() < ip->offset + datagram_header) return std::nullopt;
  const Bytes datagram = bytes.subspan(ip->offset);
  DatagramHeaders result;
  if (ip->protocol == protocol_udp) {
    result.flow = flow_of(*ip, bytes, be16(datagram, 0), be16(datagram, 2));
  } else if (is_icmp(ip->protocol) && decode_echo(*ip, datagram, result)) {
    result.flow = flow_of(*ip, bytes, 0, 0);
  } else {
    return std::nullopt;
  }
  result.ip_id = ip->id;
  const std::size_t headers = ip->offset + datagram_header;
  result.payload = ip->length > headers ? static_cast<std::uint32_t>(ip->length - headers) : 0;
  const Bytes rest = datagram.subspan(datagram_header);
  result.bytes = rest.first(std::min<std::size_t>(rest.size(), result.payload));
  return result;
}

std::optional<DatagramHeaders> decode_datagram(const tscope_record& record) {
  return decode_datagram(header_of(record), record.wire_len);
}

std::optional<Flow> flow_of(const tscope_record& record) {
  if (const auto tcp = decode_tcp(record)) return tcp->flow;
  if (const auto datagram = decode_datagram(record)) return datagram->flow;
  return std::nullopt;
}

std::optional<Protocol> protocol_of(const tscope_record& record) {
  const auto ip = decode_ip(header_of(record), record.wire_len);
  if (!ip) return std::nullopt;
  if (ip->protocol == protocol_tcp) return Protocol::tcp;
  if (ip->protocol == protocol_udp) return Protocol::udp;
  if (is_icmp(ip->protocol)) return Protocol::icmp;
  return std::nullopt;
}

}  // namespace tscope
