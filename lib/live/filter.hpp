// SPDX-License-Identifier: MIT
#pragma once

#include "tscope/live_source.hpp"

namespace tscope {

/// The kernel's form of a filter. Throws Error for a device or an address that is none.
tscope_filter kernel_filter(const CaptureFilter& filter);

}  // namespace tscope
