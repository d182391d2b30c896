// SPDX-License-Identifier: MIT
#include "live/bpf/kernel_types.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "tscope/base/error.hpp"

namespace tscope {

Btf kernel_types() {
  if (access("/sys/kernel/btf/vmlinux", R_OK) != 0) {
    throw Error(
        "this kernel has no BTF (no /sys/kernel/btf/vmlinux), which BPF programs need: use one "
        "built with CONFIG_DEBUG_INFO_BTF, or --engine kmod");
  }
  Btf types(btf__load_vmlinux_btf());
  if (types == nullptr) {
    throw Error(
        fmt::format("can't read the kernel's BTF: {}; use --engine kmod", std::strerror(errno)));
  }
  return types;
}

__s32 place_id(const btf* types, const HookPlace& place) {
  if (place.is_function()) return btf__find_by_name_kind(types, place.name, BTF_KIND_FUNC);
  const std::string type = std::string("btf_trace_") + place.name;
  return btf__find_by_name_kind(types, type.c_str(), BTF_KIND_TYPEDEF);
}

bool has_place(const btf* types, const HookPlace& place) {
  return place_id(types, place) > 0;
}

bool recvmsg_has_nonblock(const btf* types) {
  constexpr unsigned arguments_with_it = 6;
  const __s32 function = btf__find_by_name_kind(types, "tcp_recvmsg", BTF_KIND_FUNC);
  if (function <= 0) return false;
  const btf_type* prototype =
      btf__type_by_id(types, btf__type_by_id(types, static_cast<__u32>(function))->type);
  return btf_vlen(prototype) == arguments_with_it;
}

bool has_casts(const btf* types) {
  return btf__find_by_name_kind(types, "bpf_rdonly_cast", BTF_KIND_FUNC) > 0;
}

bool has_preemption_guards(const btf* types) {
  return btf__find_by_name_kind(types, "bpf_preempt_disable", BTF_KIND_FUNC) > 0;
}

bool module_has_kfunc(btf* types) {
  const Btf module(btf__load_module_btf("tscope", types));
  return module != nullptr &&
         btf__find_by_name_kind(module.get(), "bpf_tscope_tsc", BTF_KIND_FUNC) > 0;
}

}  // namespace tscope
