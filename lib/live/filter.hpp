// SPDX-License-Identifier: MIT
#pragma once

#include "tscope/live/live_source.hpp"

namespace tscope {

/// The kernel's form of a filter. Throws Error for a device or an address that is none.
tscope_filter kernel_filter(const CaptureFilter& filter);

/// TSCOPE_PROTO_* bits: what a filter that names none asks for is all.
std::uint8_t protocols_asked(const tscope_filter& filter);

}  // namespace tscope
