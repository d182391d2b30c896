// SPDX-License-Identifier: MIT
// program_cost TRACEPOINT...: while it runs, the kernel measures what each BPF program takes. On
// each line that it is given:
//
//   attach   empty programs at these tracepoints, the least that a program can take there
//   detach   no more of them
//   show     prints "PROGRAM RUNS NANOSECONDS" of each tracing program that the kernel has, then
//   "."
#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <array>
#include <iostream>
#include <string>
#include <vector>

#include "live/bpf/kernel_types.hpp"
#include "tscope/base/descriptor.hpp"

using namespace tscope;

namespace {

struct Empty {
  Descriptor program, link;
};

Empty empty_at(const btf* types, const std::string& tracepoint) {
  std::array<bpf_insn, 2> nothing{};
  nothing[0].code = BPF_ALU64 | BPF_MOV | BPF_K;
  nothing[1].code = BPF_JMP | BPF_EXIT;
  const HookPlace place{"", TSCOPE_HOOK_TRACEPOINT, {}, 0, {}, tracepoint.c_str()};
  bpf_prog_load_opts options{};
  options.sz = sizeof(options);
  options.expected_attach_type = BPF_TRACE_RAW_TP;
  options.attach_btf_id = static_cast<__u32>(place_id(types, place));
  const std::string name = ("empty_" + tracepoint).substr(0, BPF_OBJ_NAME_LEN - 1);
  Empty empty;
  empty.program = Descriptor(bpf_prog_load(BPF_PROG_TYPE_TRACING, name.c_str(), "GPL",
                                           nothing.data(), nothing.size(), &options));
  empty.link = Descriptor(bpf_raw_tracepoint_open(nullptr, empty.program.get()));
  if (!empty.link) std::perror(tracepoint.c_str());
  return empty;
}

void show() {
  __u32 id = 0;
  while (bpf_prog_get_next_id(id, &id) == 0) {
    const Descriptor program(bpf_prog_get_fd_by_id(id));
    bpf_prog_info info{};
    __u32 size = sizeof(info);
    if (!program || bpf_obj_get_info_by_fd(program.get(), &info, &size) != 0 ||
        info.type != BPF_PROG_TYPE_TRACING) {
      continue;
    }
    std::cout << info.name << ' ' << info.run_cnt << ' ' << info.run_time_ns << '\n';
  }
  std::cout << "." << std::endl;
}

}  // namespace

int main(int count, char** words) {
  const Descriptor measuring(bpf_enable_stats(BPF_STATS_RUN_TIME));
  if (!measuring) {
    std::perror("program_cost: the kernel does not measure BPF programs");
    return 1;
  }
  const Btf types = kernel_types();
  std::vector<Empty> empties;
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "attach") {
      for (int i = 1; i < count; i++) empties.push_back(empty_at(types.get(), words[i]));
    } else if (line == "detach") {
      empties.clear();
    } else if (line == "show") {
      show();
    }
  }
}
