// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>

#include "file/layers.hpp"
#include "tscope/record/packet.hpp"

namespace tscope {

/// Makes a foreign frame a record at vantage point `tap`, of the innermost packet that it carries.
/// Extension headers are left out of the record. False, and counted by its reason in `census`, if
/// that is not TCP, UDP or an ICMP echo over IPv4 or IPv6.
/// original_length: the frame's length on the wire, link header included.
bool build_foreign_packet(std::uint16_t link_type, std::span<const std::uint8_t> frame,
                          std::uint32_t original_length, Packet& packet, Place& place,
                          Census& census);

}  // namespace tscope
