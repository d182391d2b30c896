// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "doctor_checks.hpp"

namespace doctor {

/// Where a byte that this process sent to itself over loopback was stamped.
struct Journey {
  std::map<tscope::Vantage, std::int64_t> stamps;  // ns after the first one
};

struct PacketTest {
  bool done = false;
  bool opens = false;       // the session
  std::string problem;      // why the session does not open; one line
  std::string no_loopback;  // why no packet could be sent
  Journey there, back;
  std::uint64_t opened = 0, closed = 0;  // connection events
  tscope::Loss loss;
};

/// Opens a session at all vantage points for a connection of its own, sends a byte each way.
PacketTest send_packet_to_self(
    const std::vector<VantagePoint>& points,
    std::unique_ptr<tscope::LiveSource> (*open)(const tscope::CaptureOptions&));

Check check_packet(const PacketTest& test, const std::vector<VantagePoint>& points);

}  // namespace doctor
