// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>

/// The terminal has no UTF-8.
bool ascii_only();

/// A line on standard error that keeps being overwritten, from the third second on, on a terminal
/// only.
class Progress {
 public:
  /// One more was read.
  void packet();
  void show(std::uint64_t packets);
  void end() const;

 private:
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::uint64_t packets_ = 0;
  bool shown_ = false;
};
