// SPDX-License-Identifier: MIT
// absent_fields [--tracepoints] FIELD...: loads the BPF programs as on a kernel whose types lack
// the members of these names. With --tracepoints only the programs at tracepoints. Prints how many
// programs the kernel took.
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <set>
#include <string>

#include "config.h"
#include "live/bpf/kernel_types.hpp"
#include "tscope.skel.h"

using namespace tscope;

namespace {

// How many members had one of the names; they have another one now.
int rename_members(btf* types, const std::set<std::string>& names) {
  const int other = btf__add_str(types, "tscope_absent");
  int renamed = 0;
  for (__u32 id = 1; id < btf__type_cnt(types); id++) {
    const btf_type* type = btf__type_by_id(types, id);
    if (!btf_is_composite(type)) continue;
    for (int i = 0; i < btf_vlen(type); i++) {
      btf_member& member = btf_members(type)[i];
      if (!names.contains(btf__name_by_offset(types, member.name_off))) continue;
      member.name_off = static_cast<__u32>(other);
      renamed++;
    }
  }
  return renamed;
}

// Marks the programs whose places this kernel has, and counts them.
int choose_programs(bpf_object* object, const btf* types, bool functions) {
  int chosen = 0;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object) bpf_program__set_autoload(program, false);
  for (const HookPlace& place : places) {
    if ((place.is_function() && !functions) || !has_place(types, place)) continue;
    bpf_program__set_autoload(bpf_object__find_program_by_name(object, place.id), true);
    chosen++;
  }
  return chosen;
}

}  // namespace

int main(int count, char** words) {
  const bool functions = count < 2 || std::strcmp(words[1], "--tracepoints") != 0;
  const std::set<std::string> names(words + (functions ? 1 : 2), words + count);
  const Btf kernel = kernel_types(), types = kernel_types();
  const int renamed = rename_members(types.get(), names);

  std::string path = "absent_fields.btf";
  __u32 size = 0;
  const auto* raw = static_cast<const char*>(btf__raw_data(types.get(), &size));
  std::ofstream(path, std::ios::binary).write(raw, size);
  bpf_object_open_opts options{};
  options.sz = sizeof(options);
  options.btf_custom_path = path.c_str();
  tscope_bpf* skeleton = tscope_bpf__open_opts(&options);
  const int chosen = choose_programs(skeleton->obj, kernel.get(), functions);
  const int error = tscope_bpf__load(skeleton);
  std::remove(path.c_str());
  tscope_bpf__destroy(skeleton);
  if (error != 0) {
    std::fprintf(stderr, "%d members lacking: the kernel refuses the programs: %s\n", renamed,
                 std::strerror(-error));
    return 1;
  }
  std::printf("%d members lacking, %d programs loaded\n", renamed, chosen);
}
