// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "tscope/file/file_source.hpp"

namespace tscope {

/// Reads a capture to its end and returns its flows in one line, those with the most packets first:
/// "10.0.0.1:40001 > 10.0.0.2:5201 (160 packets), ... and 12 more". At most `shown` of them
/// are named, and 65,536 are counted.
std::string flow_list(FileSource& source, std::size_t shown = 10);

}  // namespace tscope
