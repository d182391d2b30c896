// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "engine.hpp"
#include "tscope/live/capture.hpp"

struct CaptureRun {
  tscope::CaptureOptions source;
  EngineChoice engine = EngineChoice::automatic;
  bool vantages_given = true;  // else what the engine can do of them will do
  std::string output;
  tscope::CaptureLimits limits;
  bool json = false;
};

/// From the first record to the summary. Throws tscope::Error; what was captured is saved before.
void run_capture(CaptureRun run);
