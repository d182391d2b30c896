// SPDX-License-Identifier: MIT
#include "live/bpf/trials.hpp"

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <array>
#include <cerrno>
#include <span>

#include "tscope/base/descriptor.hpp"

namespace tscope {

namespace {

constexpr bpf_insn instruction(int code, __u8 to, __u8 from, __s16 offset, __s32 number) {
  bpf_insn result{};
  result.code = static_cast<__u8>(code);
  result.dst_reg = to & 0xfU;
  result.src_reg = from & 0xfU;
  result.off = offset;
  result.imm = number;
  return result;
}

constexpr bpf_insn result_0 = instruction(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0);
constexpr bpf_insn leave = instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);

bool is_taken(const btf* types, const HookPlace& place, std::span<const bpf_insn> program) {
  bpf_prog_load_opts options{};
  options.sz = sizeof(options);
  options.expected_attach_type = place.is_function() ? BPF_TRACE_FENTRY : BPF_TRACE_RAW_TP;
  options.attach_btf_id = static_cast<__u32>(place_id(types, place));
  const Descriptor loaded(bpf_prog_load(BPF_PROG_TYPE_TRACING, nullptr, "GPL", program.data(),
                                        program.size(), &options));
  return static_cast<bool>(loaded);
}

}  // namespace

bool may_be_at(const btf* types, const HookPlace& place) {
  return is_taken(types, place, std::array{result_0, leave}) || (errno != EPERM && errno != EACCES);
}

bool may_read_pages(const btf* types) {
  const __s32 function = btf__find_by_name_kind(types, "bpf_dynptr_from_skb", BTF_KIND_FUNC);
  if (function <= 0) return false;
  constexpr int dynptr_bytes = 16;
  // bpf_dynptr_from_skb(the tracepoint's first argument, 0, a dynptr on the stack)
  const std::array program{instruction(BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_1, BPF_REG_1, 0, 0),
                           instruction(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_2, 0, 0, 0),
                           instruction(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_10, 0, 0),
                           instruction(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_3, 0, 0, -dynptr_bytes),
                           instruction(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, function),
                           result_0,
                           leave};
  constexpr HookPlace tracepoint{"",
                                 TSCOPE_HOOK_TRACEPOINT,
                                 Vantage::driver_rx,
                                 TSCOPE_PROTO_ALL,
                                 TSCOPE_REQUIRED,
                                 "netif_rx_entry"};
  return is_taken(types, tracepoint, program);
}

}  // namespace tscope
