// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace tscope {

/// True if packets of this link type (tcpdump.org/linktypes.html) can carry IP for us.
bool link_type_known(std::uint16_t link_type);

/// Where a frame's IP header begins; nothing if it carries something else.
std::optional<std::size_t> ip_offset(std::uint16_t link_type, std::span<const std::uint8_t> frame);

}  // namespace tscope
