// SPDX-License-Identifier: MIT
#include "probe/ping/echo.hpp"

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#include <algorithm>

namespace tscope {

namespace {

constexpr std::size_t checksum_at = 2, id_at = 4, sequence_at = 6;

std::uint16_t get16(std::span<const std::uint8_t> bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

void put16(std::span<std::uint8_t> bytes, std::size_t at, std::uint16_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}

// RFC 1071.
std::uint16_t checksum(std::span<const std::uint8_t> bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i++) {
    sum += static_cast<std::uint32_t>(i % 2 == 0 ? bytes[i] << 8 : bytes[i]);
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<std::uint16_t>(~sum);
}

// One bit of the index changes half of the result's (the finaliser of MurmurHash3).
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ x >> 33) * 0xff51afd7ed558ccdULL;
  x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53ULL;
  return x ^ x >> 33;
}

std::span<const std::uint8_t> without_ip(std::span<const std::uint8_t> packet) {
  constexpr std::size_t v6_header = 40;
  if (packet.empty()) return packet;
  const unsigned version = packet[0] >> 4;
  const std::size_t header = version == 4   ? (packet[0] & std::size_t{15}) * 4
                             : version == 6 ? v6_header
                                            : 0;
  return packet.subspan(std::min(header, packet.size()));
}

}  // namespace

Echo::Echo(bool v6, std::uint16_t id, std::size_t size, std::uint64_t secret)
    : request_type_(v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO),
      reply_type_(v6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY),
      id_(id),
      secret_(secret),
      request_(header_bytes + size) {
}

void Echo::fill(std::span<std::uint8_t> payload, std::uint64_t index) const {
  const std::uint64_t cookie = mixed(secret_ ^ index);
  for (std::size_t i = 0; i < payload.size(); i++) {
    payload[i] = static_cast<std::uint8_t>(i < cookie_bytes ? cookie >> 8 * i : i);
  }
}

std::span<const std::uint8_t> Echo::request(std::uint64_t index, bool with_checksum) {
  request_[0] = request_type_;
  request_[1] = 0;
  put16(request_, checksum_at, 0);
  put16(request_, id_at, id_);
  put16(request_, sequence_at, static_cast<std::uint16_t>(index));
  fill(std::span(request_).subspan(header_bytes), index);
  if (with_checksum) put16(request_, checksum_at, checksum(request_));
  return request_;
}

std::optional<std::uint64_t> Echo::index_of(std::uint16_t sequence, std::uint64_t last) {
  const std::uint64_t back = static_cast<std::uint16_t>(last - sequence);
  if (back >= last) return std::nullopt;
  return last - back;
}

std::optional<Reply> Echo::read(std::span<const std::uint8_t> message, std::size_t length,
                                std::uint64_t last) const {
  if (message.size() < header_bytes || message[0] != reply_type_ || message[1] != 0 ||
      get16(message, id_at) != id_) {
    return std::nullopt;
  }
  Reply reply;
  reply.bytes = length;
  reply.key = get16(message, sequence_at);
  const auto payload = message.subspan(header_bytes);
  reply.head.size = std::min(payload.size(), reply.head.bytes.size());
  std::copy_n(payload.begin(), reply.head.size, reply.head.bytes.begin());
  reply.index = index_of(get16(message, sequence_at), last);
  if (!reply.index) {
    reply.fault = ReplyFault::forged;
    return reply;
  }
  std::vector<std::uint8_t> expected(request_.size() - header_bytes);
  fill(expected, *reply.index);
  const std::size_t both = std::min(expected.size(), payload.size());
  const auto differs = static_cast<std::size_t>(
      std::mismatch(payload.begin(), payload.begin() + static_cast<std::ptrdiff_t>(both),
                    expected.begin())
          .first -
      payload.begin());
  if (differs < both) {
    reply.fault = differs < cookie_bytes ? ReplyFault::forged : ReplyFault::corrupted;
  } else if (length < request_.size()) {
    reply.fault = ReplyFault::truncated;
  } else if (length > request_.size()) {
    reply.fault = ReplyFault::corrupted;
  }
  return reply;
}

std::optional<std::uint64_t> Echo::quoted(std::span<const std::uint8_t> packet,
                                          std::uint64_t last) const {
  const auto message = without_ip(packet);
  if (message.size() < header_bytes || message[0] != request_type_ ||
      get16(message, id_at) != id_) {
    return std::nullopt;
  }
  return index_of(get16(message, sequence_at), last);
}

}  // namespace tscope
