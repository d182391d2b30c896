// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace tscope {

/// Owns memory that is shared with a file, a device or a BPF map; nothing if it could not be
/// mapped.
class Mapping {
 public:
  enum class Access { read, write };

  /// Maps `bytes`, rounded up to whole pages, from `offset` on. Leaves errno as mmap(2) set it if
  /// that fails.
  Mapping(int fd, std::uint64_t offset, std::size_t bytes, Access access);
  ~Mapping();
  Mapping(Mapping&& other) noexcept;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  Mapping& operator=(Mapping&&) = delete;

  explicit operator bool() const { return data_ != nullptr; }

  template <typename T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  std::size_t bytes_;
  void* data_;
};

}  // namespace tscope
