// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tscope/record/headers.hpp"
#include "tscope/record/source.hpp"

namespace tscope {

/// What a capture delivered and what it did not.
struct CaptureSummary {
  struct Count {
    std::uint64_t records = 0;
    std::uint64_t segments = 0;
  };

  std::string file;  ///< "-" for standard output
  std::uint64_t bytes = 0;
  std::chrono::duration<double> duration{};
  std::vector<Vantage> asked;
  std::array<Count, TSCOPE_VANTAGES> vantages{};
  std::uint8_t protocols_asked = 0;  ///< TSCOPE_PROTO_* bits
  std::map<Protocol, Count> protocols;
  std::map<std::uint16_t, std::uint64_t> cpus;  ///< records by CPU
  std::uint64_t records = 0;
  bool netns_gone = false;
  Loss loss;
  ClockInfo clock;
  std::vector<NicStamps> nics;

  /// Counts a packet that went into the file.
  void add(const Packet& packet);
};

/// Returns the summary for people, several lines.
std::string capture_text(const CaptureSummary& summary);

/// Returns one JSON object, schema "tscope-capture-1" (tscope-capture(1)).
std::string capture_json(const CaptureSummary& summary);

}  // namespace tscope
