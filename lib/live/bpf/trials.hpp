// SPDX-License-Identifier: MIT
#pragma once

#include "live/bpf/kernel_types.hpp"

namespace tscope {

/// What only the kernel's verdict on a small program tells.

/// Returns whether the machine's policy lets programs be at such a place; else errno says why not.
/// Checking all programs in vain would take the kernel long.
bool may_be_at(const btf* types, const HookPlace& place);

/// Returns whether programs at tracepoints may read page fragments: Linux 6.12 and later. Earlier
/// kernels have the function for other programs.
bool may_read_pages(const btf* types);

}  // namespace tscope
