// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <string>

#include "tscope/record/headers.hpp"
#include "tscope/record/source.hpp"

/// What a capture delivered and what it did not.
struct CaptureSummary {
  struct Count {
    std::uint64_t records = 0;
    std::uint64_t segments = 0;
  };

  std::string file;
  std::uint64_t bytes = 0;
  std::chrono::duration<double> duration{};
  std::vector<tscope::Vantage> asked;
  std::array<Count, TSCOPE_VANTAGES> vantages{};
  std::uint8_t protocols_asked = 0;  // TSCOPE_PROTO_* bits
  std::map<tscope::Protocol, Count> protocols;
  std::map<std::uint16_t, std::uint64_t> cpus;  // records by CPU
  std::uint64_t records = 0;
  bool netns_gone = false;
  tscope::Loss loss;
  tscope::ClockInfo clock;
  std::vector<tscope::NicStamps> nics;

  void add(const tscope::Packet& packet);
  /// For people, several lines.
  std::string text() const;
  /// Schema "tscope-capture-1", see tscope-capture(1).
  std::string json() const;
};
