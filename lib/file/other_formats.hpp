// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace tscope {

/// Returns the message on a file that begins with these bytes and is neither pcap nor pcapng: what
/// it is, where that can be told, and the command that converts or unpacks it.
std::string why_not_read(std::span<const std::uint8_t> head, const std::string& path);

}  // namespace tscope
