// SPDX-License-Identifier: MIT
#pragma once

#include "tscope/base/descriptor.hpp"
#include "tscope/uapi/tscope.h"

namespace tscope {

/// Owns an open /dev/tscope that speaks our versions of interface and record.
class Device {
 public:
  /// Throws Error: absent, not permitted, of another version.
  Device();

  int fd() const { return file_.get(); }
  const tscope_info& info() const { return info_; }
  /// 0 or the errno.
  int call(unsigned long command, void* argument) const;

 private:
  Descriptor file_;
  tscope_info info_{};
};

}  // namespace tscope
