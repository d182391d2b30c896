// SPDX-License-Identifier: MIT
#pragma once

#include "tscope/base/descriptor.hpp"

namespace tscope {

/// Waits for BPF programs that are running: they run within RCU read sections. membarrier() would
/// not do: it fails on kernels with nohz_full and returns at once where one CPU is online.
class GracePeriod {
 public:
  /// Makes the two small maps by which it waits. Throws std::system_error.
  GracePeriod();
  /// Returns when each program that ran at the call has ended. Throws std::system_error.
  void wait() const;

 private:
  Descriptor inner_;
  Descriptor outer_;
};

}  // namespace tscope
