// SPDX-License-Identifier: MIT
#include "base/mapping.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <utility>

namespace tscope {

namespace {

std::size_t whole_pages(std::size_t bytes) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

}  // namespace

Mapping::Mapping(int fd, std::uint64_t offset, std::size_t bytes, Access access)
    : bytes_(whole_pages(bytes)),
      data_(mmap(nullptr, bytes_, PROT_READ | (access == Access::write ? PROT_WRITE : 0),
                 MAP_SHARED, fd, static_cast<off_t>(offset))) {
  if (data_ == MAP_FAILED) data_ = nullptr;
}

Mapping::~Mapping() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

Mapping::Mapping(Mapping&& other) noexcept
    : bytes_(other.bytes_), data_(std::exchange(other.data_, nullptr)) {
}

}  // namespace tscope
