// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "engine.hpp"

struct CaptureRun {
  tscope::CaptureOptions source;
  EngineChoice engine = EngineChoice::automatic;
  bool vantages_given = true;  // else what the engine can do of them will do
  std::string output;
  std::optional<std::chrono::nanoseconds> duration;
  std::uint64_t count = 0;  // 0: no limit
  bool json = false;
};

/// From the first record to the summary. Throws tscope::Error; what was captured is saved before.
void run_capture(const CaptureRun& run);
