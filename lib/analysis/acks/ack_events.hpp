// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tscope/analysis/ack_report.hpp"

namespace tscope {

/// Finds the compression events of one stream: compressed gaps that follow each other.
class AckEvents {
 public:
  static constexpr std::size_t kept_max = 65'536;

  struct At {
    std::int64_t time_ns;
    std::uint64_t number;
  };

  /// rate_bps 0: finds nothing.
  explicit AckEvents(double rate_bps) : rate_bps_(rate_bps) {}

  /// Takes the gap between two ACKs that deliver data, of which the second delivers wire_bytes.
  void add(const At& from, const At& to, std::uint64_t wire_bytes);
  /// Ends an event: the next gap does not follow the last one.
  void cut();

  /// Returns the events in order, the one that still goes on among them.
  std::vector<AckEvent> all() const;
  std::uint64_t left_out() const { return left_out_; }

 private:
  double rate_bps_;
  std::optional<AckEvent> current_;
  double service_ns_ = 0;  // of the current one's ACKs, but for the first
  std::vector<AckEvent> kept_;
  std::uint64_t left_out_ = 0;
};

}  // namespace tscope
