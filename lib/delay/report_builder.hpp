// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "delay/captured.hpp"
#include "delay/tally.hpp"

namespace tscope {

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
