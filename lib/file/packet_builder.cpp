// SPDX-License-Identifier: MIT
#include "file/packet_builder.hpp"

#include <algorithm>

#include "file/link_layer.hpp"
#include "tscope/record/headers.hpp"

namespace tscope {

bool build_foreign_packet(std::uint16_t link_type, std::span<const std::uint8_t> frame,
                          std::uint32_t original_length, Packet& packet) {
  const auto offset = ip_offset(link_type, frame);
  if (!offset || *offset >= frame.size()) return false;
  const std::size_t length = std::min<std::size_t>(frame.size() - *offset, TSCOPE_HEADER_MAX);
  const auto header = frame.subspan(*offset, length);
  const std::uint32_t wire_len =
      original_length > *offset ? original_length - static_cast<std::uint32_t>(*offset) : 0;
  const auto tcp = decode_tcp(header, wire_len);
  if (!tcp && !decode_datagram(header, wire_len)) return false;

  packet.record = tscope_record{};
  std::ranges::copy(header, packet.record.header);
  packet.record.header_len = static_cast<std::uint8_t>(length);
  packet.record.wire_len = wire_len;
  if (tcp) {
    packet.record.seq = tcp->seq;
    packet.record.seq_end = tcp->seq_end();
  }
  packet.record.segs = 1;
  packet.record.kind = TSCOPE_PACKET;
  packet.record.vantage = static_cast<std::uint8_t>(Vantage::tap);
  packet.late = false;
  return true;
}

}  // namespace tscope
