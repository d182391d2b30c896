// SPDX-License-Identifier: MIT
#include "live/bpf/grace_period.hpp"

#include <bpf/bpf.h>

#include <cerrno>
#include <system_error>

namespace tscope {

namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

GracePeriod::GracePeriod()
    : inner_(bpf_map_create(BPF_MAP_TYPE_ARRAY, "tscope_inner", sizeof(__u32), sizeof(__u32), 1,
                            nullptr)) {
  if (!inner_) fail("can't make a BPF map");
  bpf_map_create_opts options{};
  options.sz = sizeof(options);
  options.inner_map_fd = static_cast<__u32>(inner_.get());
  outer_ = Descriptor(bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "tscope_outer", sizeof(__u32),
                                     sizeof(__u32), 1, &options));
  if (!outer_) fail("can't make a BPF map of maps");
}

void GracePeriod::wait() const {
  // Since Linux 5.0 the update of a map of maps returns when no program can use the old one.
  const __u32 zero = 0;
  const int inner = inner_.get();
  if (bpf_map_update_elem(outer_.get(), &zero, &inner, BPF_ANY) != 0) {
    fail("can't wait for BPF programs");
  }
}

}  // namespace tscope
