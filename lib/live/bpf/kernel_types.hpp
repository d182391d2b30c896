// SPDX-License-Identifier: MIT
#pragma once

#include <bpf/btf.h>

#include <memory>

#include "live/places.hpp"

namespace tscope {

struct BtfDeleter {
  void operator()(btf* types) const { btf__free(types); }
};
using Btf = std::unique_ptr<btf, BtfDeleter>;

/// Returns the running kernel's types. Throws Error where it tells none.
Btf kernel_types();

/// Returns the number of the type that a program at the place is attached by; 0 or less: the kernel
/// has no such place.
__s32 place_id(const btf* types, const HookPlace& place);
bool has_place(const btf* types, const HookPlace& place);

/// Returns whether tcp_recvmsg() has the argument `nonblock` in front of its flags, as it had
/// before Linux 5.19.
bool recvmsg_has_nonblock(const btf* types);

/// Returns whether the kernel casts addresses to pointers for programs: Linux 6.2 and later.
bool has_casts(const btf* types);

/// Returns whether programs can forbid preemption: Linux 6.10 and later.
bool has_preemption_guards(const btf* types);

/// Returns whether the loaded module has the TSC for programs.
bool module_has_kfunc(btf* types);

}  // namespace tscope
