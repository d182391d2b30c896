// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "analysis/delay/captured.hpp"
#include "analysis/delay/tally.hpp"

namespace tscope {

/// Makes a report of what the matchers counted.
class ReportBuilder {
 public:
  ReportBuilder(const Captured& captured, const std::vector<std::string>& devices)
      : captured_(captured), devices_(devices) {}

  void add(const Flow& flow, bool datagrams, const Outcomes& outcomes);
  /// Chains with every vantage point that the capture has, and the loss of records by reason.
  void finish(const Statistics& statistics, DelayReport& report);

 private:
  std::uint8_t wanted(Way way, PacketKind kind) const;
  /// Seen wherever the capture could see it, and at two places at least.
  bool whole(Way way, PacketKind kind, std::uint8_t seen) const;
  StageCounts& stage(Way way, bool datagrams, std::size_t first, std::size_t second);
  void count_stages(Way way, const Outcomes& outcomes, const Outcomes::Key& key,
                    std::uint64_t count);
  std::vector<DelayFlowChain> chains_of(const Outcomes& outcomes) const;
  void list_flows(DelayReport& report);
  void explain_by_loss(const Loss& loss);

  const Captured& captured_;
  const std::vector<std::string>& devices_;
  std::vector<StageCounts> stages_;
  std::vector<DelayFlow> flows_;
};

}  // namespace tscope
