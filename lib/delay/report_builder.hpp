// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "delay/tally.hpp"

namespace tscope {

/// Vantage points that a capture has, a bit a place, by way.
struct Captured {
  std::array<std::uint8_t, 2> tcp{}, datagrams{};

  void add(Place place, bool datagram) {
    std::uint8_t& bits = (datagram ? datagrams : tcp)[static_cast<std::size_t>(place.way)];
    bits = static_cast<std::uint8_t>(bits | 1U << place.at);
  }
  /// Can a flow be told to have no socket here?
  bool socket(Way way, bool datagram) const {
    return (at(way, datagram) & socket_places[static_cast<std::size_t>(way)]) != 0;
  }
  std::uint8_t at(Way way, bool datagram) const {
    return (datagram ? datagrams : tcp)[static_cast<std::size_t>(way)];
  }
};

/// Makes a report of what the matchers counted.
class ReportBuilder {
 public:
  explicit ReportBuilder(const Captured& captured) : captured_(captured) {}

  void add(const Flow& flow, bool datagrams, const Outcomes& outcomes);
  /// Chains with every vantage point that the capture has, and the loss of records by reason.
  void finish(const Statistics& statistics, const std::vector<std::string>& devices,
              DelayReport& report);

 private:
  std::uint8_t wanted(Way way, PacketKind kind) const;
  DelayPair& pair(Way way, bool datagrams, std::size_t first, std::size_t second);
  void count_pairs(Way way, const Outcomes& outcomes, const Outcomes::Key& key,
                   std::uint64_t count);
  void explain_by_loss(const Loss& loss);

  const Captured& captured_;
  std::vector<DelayPair> pairs_;
  std::vector<DelayFlow> flows_;
};

}  // namespace tscope
