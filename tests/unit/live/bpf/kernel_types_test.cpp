// SPDX-License-Identifier: MIT
// What is asked of a kernel's types, by types made up as kernels have them.
#include "live/bpf/kernel_types.hpp"

#include <bpf/libbpf.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config.h"
#include "tscope.skel.h"
#include "tscope_elder.skel.h"

using namespace tscope;

namespace {

Btf with_function(const char* name, const std::vector<const char*>& arguments) {
  Btf types(btf__new_empty());
  const int integer = btf__add_int(types.get(), "int", 4, BTF_INT_SIGNED);
  const int prototype = btf__add_func_proto(types.get(), integer);
  for (const char* argument : arguments) btf__add_func_param(types.get(), argument, integer);
  btf__add_func(types.get(), name, BTF_FUNC_STATIC, prototype);
  return types;
}

HookPlace place(tscope_hook_kind kind, const char* name) {
  return {"id", kind, Vantage::driver_rx, TSCOPE_PROTO_ALL, TSCOPE_REQUIRED, name};
}

}  // namespace

TEST(KernelTypes, TellWhatTcpRecvmsgIsCalledWith) {
  const auto has_nonblock = [](const char* name, const std::vector<const char*>& arguments) {
    return recvmsg_has_nonblock(with_function(name, arguments).get());
  };
  EXPECT_TRUE(has_nonblock("tcp_recvmsg", {"sk", "msg", "len", "nonblock", "flags", "addr_len"}));
  EXPECT_FALSE(has_nonblock("tcp_recvmsg", {"sk", "msg", "len", "flags", "addr_len"}));
  EXPECT_FALSE(has_nonblock("other", {"sk", "msg", "len", "nonblock", "flags", "addr_len"}));
}

TEST(KernelTypes, HaveAFunctionOrTheTypedefOfATracepoint) {
  const Btf types = with_function("here", {});
  btf__add_typedef(types.get(), "btf_trace_traced", 1);
  EXPECT_TRUE(has_place(types.get(), place(TSCOPE_HOOK_FUNCTION, "here")));
  EXPECT_TRUE(has_place(types.get(), place(TSCOPE_HOOK_TRACEPOINT, "traced")));
  EXPECT_FALSE(has_place(types.get(), place(TSCOPE_HOOK_TRACEPOINT, "here")));
  EXPECT_FALSE(has_place(types.get(), place(TSCOPE_HOOK_FUNCTION, "traced")));
}

TEST(KernelTypes, TellWhichFunctionsProgramsMayCall) {
  EXPECT_TRUE(has_casts(with_function("bpf_rdonly_cast", {}).get()));
  EXPECT_FALSE(has_casts(with_function("other", {}).get()));
  EXPECT_TRUE(has_preemption_guards(with_function("bpf_preempt_disable", {}).get()));
  EXPECT_FALSE(has_preemption_guards(with_function("other", {}).get()));
}

// Linux before 5.16 refuses a program that names a function of the kernel's which it lacks, even
// where it is never called.
TEST(KernelTypes, TheProgramsForElderKernelsCallNoFunctionOfTheKernel) {
  const auto calls = [](bpf_object* object) {
    int count = 0;
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object) {
      for (std::size_t i = 0; i < bpf_program__insn_cnt(program); i++) {
        const bpf_insn& instruction = bpf_program__insns(program)[i];
        if (instruction.code == (BPF_JMP | BPF_CALL) && instruction.src_reg != 0) count++;
      }
    }
    return count;
  };
  tscope_bpf* usual = tscope_bpf__open();
  tscope_elder_bpf* elder = tscope_elder_bpf__open();
  EXPECT_GT(calls(usual->obj), 0);
  EXPECT_EQ(calls(elder->obj), 0);
  tscope_bpf__destroy(usual);
  tscope_elder_bpf__destroy(elder);
}
