// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "tscope/source.hpp"

namespace tscope {

/// Reads a pcapng or pcap file: ours with every record field, anybody's as vantage point `tap`.
/// One pass, memory bounded by the number of interfaces. "-" is standard input.
///
/// A file cut off anywhere gives every whole block, then `end` with truncated() true. An empty file,
/// one that is neither pcap nor pcapng, one without any link type that carries IP, or with a block
/// length that can't be: Error. Packets that are not TCP over IPv4 or IPv6 are skipped and counted in facts()
/// ("skipped_packets").
std::unique_ptr<Source> open_file(const std::string& path);

}  // namespace tscope
