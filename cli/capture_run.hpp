// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "engine.hpp"
#include "tscope/live/capture.hpp"
#include "tscope/record/headers.hpp"

struct ProtocolName {
  tscope::Protocol protocol;
  std::string_view name;
};

/// As a user writes them.
inline constexpr std::array protocol_names{ProtocolName{tscope::Protocol::tcp, "tcp"},
                                           ProtocolName{tscope::Protocol::udp, "udp"},
                                           ProtocolName{tscope::Protocol::icmp, "icmp"}};

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
