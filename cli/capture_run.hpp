// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "tscope/kmod_source.hpp"

struct CaptureRun {
  tscope::KmodOptions source;
  std::string output;
  std::optional<std::chrono::nanoseconds> duration;
  std::uint64_t count = 0;  // 0: no limit
  bool json = false;
};

/// From the first record to the summary. Throws tscope::Error; what was captured is saved before.
void run_capture(const CaptureRun& run);
