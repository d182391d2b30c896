// SPDX-License-Identifier: MIT
#include "file/packet_builder.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>

#include "tscope/record/headers.hpp"

namespace tscope {

namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::uint8_t protocol_tcp = 6;

std::uint16_t be16(const std::uint8_t* bytes) {
  return static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]);
}

std::uint32_t be32(const std::uint8_t* bytes) {
  return std::uint32_t{be16(bytes)} << 16 | be16(bytes + 2);
}

void put_be16(std::uint8_t* bytes, std::size_t value) {
  bytes[0] = static_cast<std::uint8_t>(value >> 8);
  bytes[1] = static_cast<std::uint8_t>(value);
}

void count_skipped(const Carried& carried, std::size_t captured, Census& census) {
  census.skip(carried.skipped, carried.number);
  if (carried.needed == 0) return;
  census.snap_length = std::max(census.snap_length, static_cast<std::uint32_t>(captured));
  census.snap_needed = std::max(census.snap_needed, carried.needed);
}

// As if the transport header came next to the IP header: `between` bytes fewer.
void leave_out(std::size_t between, std::uint8_t protocol, tscope_record& record) {
  const bool v4 = record.header[0] >> 4 == 4;
  std::uint8_t* const length = record.header + (v4 ? 2 : 4);
  if (be16(length) >= between) put_be16(length, be16(length) - between);
  record.header[v4 ? 9 : 6] = protocol;
}

std::size_t ip_length(const tscope_record& record) {
  const bool v4 = record.header[0] >> 4 == 4;
  const std::size_t length = be16(record.header + (v4 ? 2 : 4));
  if (length == 0) return record.wire_len;
  return v4 ? length : length + 40;
}

void add_tcp(std::size_t tcp_at, bool length_known, tscope_record& record, Census& census) {
  const std::uint8_t* const tcp = record.header + tcp_at;
  const std::size_t headers = tcp_at + std::size_t{4} * (tcp[12] >> 4), length = ip_length(record);
  const std::uint32_t payload = length > headers ? static_cast<std::uint32_t>(length - headers) : 0;
  const std::uint8_t flags = tcp[13];
  constexpr std::uint8_t syn_fin_rst = tcp_flag::syn | tcp_flag::fin | tcp_flag::rst;
  record.seq = be32(tcp + 4);
  record.seq_end =
      record.seq + payload + ((flags & tcp_flag::syn) != 0) + ((flags & tcp_flag::fin) != 0);
  census.tcp++;
  if (length_known) census.tcp_bytes += payload;
  if (length_known && payload == 0 && (flags & (syn_fin_rst | tcp_flag::ack)) == tcp_flag::ack) {
    census.pure_acks++;
  }
}

}  // namespace

bool build_foreign_packet(std::uint16_t link_type, Bytes frame, std::uint32_t original_length,
                          Packet& packet, Place& place, Census& census) {
  const Carried carried = Layers(frame, original_length).follow(link_type);
  for (std::uint32_t bits = carried.wrapped; bits != 0; bits &= bits - 1) {
    census.wrapped[static_cast<std::size_t>(std::countr_zero(bits))]++;
  }
  if (!carried.readable) {
    count_skipped(carried, frame.size(), census);
    return false;
  }
  place = carried.place;
  const std::size_t ip_header = carried.options_end - carried.ip;
  const std::size_t between = carried.transport - carried.options_end;
  const std::size_t rest =
      std::min<std::size_t>(frame.size() - carried.transport, TSCOPE_HEADER_MAX - ip_header);
  tscope_record& record = packet.record;
  // What is in header[] behind header_len means nothing.
  std::memset(&record, 0, offsetof(tscope_record, header));
  std::memcpy(record.header, &frame[carried.ip], ip_header);
  std::memcpy(record.header + ip_header, &frame[carried.transport], rest);
  record.header_len = static_cast<std::uint8_t>(ip_header + rest);
  const std::size_t before = carried.ip + between;
  record.wire_len =
      original_length > before ? static_cast<std::uint32_t>(original_length - before) : 0;
  if (between > 0) leave_out(between, carried.protocol, record);
  if (carried.protocol == protocol_tcp) {
    add_tcp(ip_header, !carried.first_fragment, record, census);
  } else {
    census.datagrams++;
  }
  record.segs = 1;
  record.kind = TSCOPE_PACKET;
  record.vantage = static_cast<std::uint8_t>(Vantage::tap);
  packet.late = false;
  return true;
}

}  // namespace tscope
