// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace tscope {

/// A network namespace that is entered for moments only. Neither a process nor a file of ours keeps
/// it alive in between.
class VisitedNetns {
 public:
  /// path: /run/netns/NAME or /proc/PID/ns/net. Throws Error if there is none or it can't be
  /// entered.
  explicit VisitedNetns(std::string path);

  /// Runs something with the calling thread in the namespace, and returns true. Returns false
  /// without running it if the path leads to this namespace no more. Throws what it throws.
  bool visit(const std::function<void()>& what) const;

  /// Returns true unless the namespace went away: neither its path nor any process leads there.
  bool exists() const;

 private:
  std::string path_;
  std::uint64_t inode_ = 0, cookie_ = 0;
};

/// Runs something in `netns`, or at once if it is null. Returns false if that went away.
bool run_in(const VisitedNetns* netns, const std::function<void()>& what);

}  // namespace tscope
