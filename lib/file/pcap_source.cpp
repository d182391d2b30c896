// SPDX-License-Identifier: MIT
#include "file/pcap_source.hpp"

#include <fmt/format.h>

#include "file/format.hpp"
#include "file/packet_builder.hpp"
#include "tscope/base/error.hpp"

namespace tscope {

namespace {

constexpr std::uint32_t microseconds_magic = 0xa1b2c3d4, nanoseconds_magic = 0xa1b23c4d;
constexpr std::size_t file_header_rest = 20, record_header = 16;

}  // namespace

bool PcapSource::is_magic(std::span<const std::uint8_t, 4> bytes) {
  for (const bool swapped : {false, true}) {
    const std::uint32_t magic = Fields(bytes, swapped).u32(0);
    if (magic == microseconds_magic || magic == nanoseconds_magic) return true;
  }
  return false;
}

PcapSource::PcapSource(ByteReader reader, std::array<std::uint8_t, 4> magic)
    : reader_(std::move(reader)) {
  const std::uint32_t value = Fields(magic, false).u32(0);
  swapped_ = value != microseconds_magic && value != nanoseconds_magic;
  nanoseconds_ = Fields(magic, swapped_).u32(0) == nanoseconds_magic;

  const auto rest = reader_.take(file_header_rest);
  if (rest.size() < file_header_rest) {
    truncated_ = true;
    return;
  }
  link_type_ = static_cast<std::uint16_t>(Fields(rest, swapped_).u32(16));
  if (!link_type_known(link_type_)) {
    throw Error(
        fmt::format("{}: its link type {} carries no IP that tscope can read; capture on an "
                    "Ethernet or raw IP interface",
                    reader_.path(), link_type_));
  }
}

Source::Next PcapSource::next(Packet& packet) {
  while (!truncated_) {
    const std::uint64_t at = reader_.offset();
    const auto header = reader_.take(record_header);
    if (header.empty() && !reader_.cut_off()) return Next::end;
    if (header.size() < record_header) break;
    const Fields fields(header, swapped_);
    const std::uint32_t seconds = fields.u32(0), fraction = fields.u32(4);
    const std::uint32_t captured = fields.u32(8), original = fields.u32(12);
    if (captured > format::block_max) {
      throw Error(
          fmt::format("{}: the packet at byte {} claims {} bytes: the file is damaged; "
                      "capture again or repair it with editcap",
                      reader_.path(), at, captured));
    }
    const auto frame = reader_.take(captured);
    if (frame.size() < captured) break;
    census_.packets++;
    Place place;
    if (!build_foreign_packet(link_type_, frame, original, packet, place, census_)) continue;
    packet.interface = places_.index_of(0, place, interfaces_);
    packet.number = census_.packets;
    packet.time_ns =
        std::int64_t{seconds} * 1'000'000'000 + std::int64_t{fraction} * (nanoseconds_ ? 1 : 1000);
    return Next::packet;
  }
  truncated_ = true;
  return Next::end;
}

ClockInfo PcapSource::clock() const {
  ClockInfo info;
  info.source = "file";
  info.error_known = false;
  info.resolution_ns = nanoseconds_ ? 1 : 1000;
  return info;
}

}  // namespace tscope
