// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tscope/live/capture.hpp"
#include "tscope/record/headers.hpp"

namespace tscope {

/// What a capture delivered and what it did not.
struct CaptureSummary {
  struct Count {
    std::uint64_t records = 0;
    std::uint64_t segments = 0;
  };

  std::string file;  ///< "-" for standard output
  std::vector<Vantage> asked;
  std::array<Count, TSCOPE_VANTAGES> vantages{};
  std::uint8_t protocols_asked = 0;  ///< TSCOPE_PROTO_* bits
  std::map<Protocol, Count> protocols;
  std::map<std::uint16_t, std::uint64_t> cpus;  ///< records by CPU
  CaptureOutcome outcome;                       ///< what capture() returned

  /// Counts a packet that went into the file.
  void add(const Packet& packet);
};

/// Returns the summary for people, several lines.
std::string capture_text(const CaptureSummary& summary);

/// Returns one JSON object, schema "tscope-capture-1" (tscope-capture(1)).
std::string capture_json(const CaptureSummary& summary);

}  // namespace tscope
