// SPDX-License-Identifier: MIT
#include "tscope/headers.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/container_hash/hash.hpp>
#include <cstring>

namespace tscope {

namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::uint8_t protocol_tcp = 6;
constexpr int extension_headers_max = 8;

std::uint16_t be16(Bytes bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

std::uint32_t be32(Bytes bytes, std::size_t at) {
  return static_cast<std::uint32_t>(be16(bytes, at)) << 16 | be16(bytes, at + 2);
}

struct Ip {
  std::uint8_t family = 0;
  std::size_t tcp_offset = 0;
  std::uint32_t length = 0;  // of the whole packet, from the IP header on
  std::uint16_t id = 0;
};

std::optional<Ip> decode_v4(Bytes bytes, std::uint32_t wire_len) {
  if (bytes.size() < 20) return std::nullopt;
  const std::size_t header = std::size_t{4} * (bytes[0] & 0x0fU);
  const bool later_fragment = (be16(bytes, 6) & 0x1fff) != 0;
  if (header < 20 || bytes[9] != protocol_tcp || later_fragment) return std::nullopt;
  const std::uint16_t total = be16(bytes, 2);
  return Ip{4, header, total != 0 ? total : wire_len, be16(bytes, 4)};
}

std::optional<Ip> decode_v6(Bytes bytes, std::uint32_t wire_len) {
  constexpr std::uint8_t hop_by_hop = 0, routing = 43, fragment = 44, destination = 60;
  if (bytes.size() < 40) return std::nullopt;
  const std::uint16_t payload = be16(bytes, 4);
  std::uint8_t next = bytes[6];
  std::size_t offset = 40;
  for (int i = 0; i < extension_headers_max && next != protocol_tcp; i++) {
    if (next != hop_by_hop && next != routing && next != fragment && next != destination) {
      return std::nullopt;
    }
    if (bytes.size() < offset + 8) return std::nullopt;
    if (next == fragment && (be16(bytes, offset + 2) & 0xfff8) != 0) return std::nullopt;
    const std::size_t length = next == fragment ? 8 : (bytes[offset + 1] + 1U) * 8;
    next = bytes[offset];
    offset += length;
  }
  if (next != protocol_tcp) return std::nullopt;
  return Ip{6, offset, payload != 0 ? payload + 40U : wire_len, 0};
}

void decode_options(Bytes options, TcpHeaders& tcp) {
  constexpr std::uint8_t end = 0, no_operation = 1, sack = 5, timestamps = 8;
  while (!options.empty() && options[0] != end) {
    if (options[0] == no_operation) {
      options = options.subspan(1);
      continue;
    }
    if (options.size() < 2 || options[1] < 2 || options[1] > options.size()) return;
    const std::uint8_t length = options[1];
    if (options[0] == timestamps && length == 10) {
      tcp.has_timestamps = true;
      tcp.tsval = be32(options, 2);
      tcp.tsecr = be32(options, 6);
    } else if (options[0] == sack) {
      tcp.sack_blocks = static_cast<std::uint8_t>((length - 2) / 8);
    }
    options = options.subspan(length);
  }
}

Endpoint endpoint(const Ip& ip, Bytes bytes, std::size_t address_at, std::uint16_t port) {
  Endpoint result;
  result.family = ip.family;
  result.port = port;
  const std::size_t length = ip.family == 4 ? 4 : 16;
  std::ranges::copy(bytes.subspan(address_at, length), result.address.begin());
  return result;
}

}  // namespace

std::string Endpoint::to_string() const {
  char text[INET6_ADDRSTRLEN] = "?";
  inet_ntop(family == 4 ? AF_INET : AF_INET6, address.data(), text, sizeof(text));
  return family == 4 ? fmt::format("{}:{}", text, port) : fmt::format("[{}]:{}", text, port);
}

std::size_t FlowHash::operator()(const Flow& flow) const noexcept {
  std::size_t seed = 0;
  for (const Endpoint* end : {&flow.src, &flow.dst}) {
    std::array<std::uint64_t, 2> words{};
    static_assert(sizeof(words) == sizeof(end->address));
    std::memcpy(words.data(), end->address.data(), sizeof(words));
    boost::hash_combine(seed, words[0]);
    boost::hash_combine(seed, words[1]);
    boost::hash_combine(seed, end->port);
  }
  return seed;
}

std::optional<TcpHeaders> decode_tcp(Bytes bytes, std::uint32_t wire_len) {
  if (bytes.empty()) return std::nullopt;
  std::optional<Ip> ip;
  if (bytes[0] >> 4 == 4) ip = decode_v4(bytes, wire_len);
  if (bytes[0] >> 4 == 6) ip = decode_v6(bytes, wire_len);
  if (!ip || bytes.size() < ip->tcp_offset + 20) return std::nullopt;

  const Bytes tcp = bytes.subspan(ip->tcp_offset);
  const std::size_t header = std::size_t{4} * (tcp[12] >> 4);
  if (header < 20) return std::nullopt;

  TcpHeaders result;
  const std::size_t src_at = ip->family == 4 ? 12 : 8;
  const std::size_t dst_at = ip->family == 4 ? 16 : 24;
  result.flow.src = endpoint(*ip, bytes, src_at, be16(tcp, 0));
  result.flow.dst = endpoint(*ip, bytes, dst_at, be16(tcp, 2));
  result.seq = be32(tcp, 4);
  result.ack = be32(tcp, 8);
  result.flags = tcp[13];
  result.window = be16(tcp, 14);
  result.ip_id = ip->id;
  const std::size_t headers = ip->tcp_offset + header;
  result.payload = ip->length > headers ? static_cast<std::uint32_t>(ip->length - headers) : 0;
  const Bytes options = tcp.subspan(20, std::min(header, tcp.size()) - 20);
  decode_options(options, result);
  result.options_hash = boost::hash_range(options.begin(), options.end());
  return result;
}

std::optional<TcpHeaders> decode_tcp(const tscope_record& record) {
  auto tcp =
      decode_tcp(Bytes(record.header, std::min<std::size_t>(record.header_len, TSCOPE_HEADER_MAX)),
                 record.wire_len);
  if (!tcp) return tcp;
  const std::uint32_t flags_length =
      ((tcp->flags & tcp_flag::syn) != 0) + ((tcp->flags & tcp_flag::fin) != 0);
  const std::uint32_t range = record.seq_end - record.seq;
  tcp->seq = record.seq;
  tcp->payload = range > flags_length ? range - flags_length : 0;
  return tcp;
}

}  // namespace tscope
