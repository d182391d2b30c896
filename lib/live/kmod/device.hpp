// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>

#include "tscope/uapi/tscope.h"

namespace tscope {

/// An owned file descriptor of /dev/tscope whose versions are ours.
class Device {
 public:
  /// Throws Error: absent, not permitted, of another version.
  Device();
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  int fd() const { return fd_; }
  const tscope_info& info() const { return info_; }
  /// 0 or the errno.
  int call(unsigned long command, void* argument) const;

 private:
  int fd_ = -1;
  tscope_info info_{};
};

/// An owned mapping of a session's memory.
class Mapping {
 public:
  /// Throws Error.
  Mapping(int fd, std::uint64_t offset, std::size_t bytes, bool writable);
  ~Mapping();
  Mapping(Mapping&& other) noexcept;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  Mapping& operator=(Mapping&&) = delete;

  void* data() const { return data_; }

 private:
  void* data_;
  std::size_t bytes_;
};

}  // namespace tscope
