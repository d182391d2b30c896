// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>

#include "file/byte_reader.hpp"
#include "file/file_interface.hpp"
#include "tscope/record/packet.hpp"

namespace tscope {

/// Gives back the record that our writer put into a packet block. body: the block's; options_at:
/// where its options begin; frame: its data. False if there is no record that we know.
bool read_own_packet(const Fields& body, std::size_t options_at,
                     std::span<const std::uint8_t> frame, const FileInterface& interface,
                     Packet& packet);

}  // namespace tscope
