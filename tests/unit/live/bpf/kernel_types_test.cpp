// SPDX-License-Identifier: MIT
// What is asked of a kernel's types, by types made up as kernels have them.
#include "live/bpf/kernel_types.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

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
