// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "analysis/delay/captured.hpp"
#include "analysis/delay/finished_flows.hpp"
#include "analysis/delay/tally.hpp"

namespace tscope {

/// Makes a report of what the matchers counted.
class ReportBuilder {
 public:
  struct Device {
    std::string name;
    std::uint32_t netns;
  };

  ReportBuilder(const Captured& captured, const std::vector<Device>& devices)
      : captured_(captured), devices_(devices) {}

  /// Flows that no socket here sends or receives are counted as forwarded.
  void add(FinishedFlows&& finished, DelayReport& report);
  /// Chains with every vantage point that the capture has, and the loss of records by reason.
  void finish(const Statistics& statistics, DelayReport& report);

 private:
  std::uint8_t wanted(Way way, PacketKind kind) const;
  /// Seen wherever the capture could see it, and at two places at least.
  bool whole(Way way, PacketKind kind, std::uint8_t seen) const;
  StageCounts& stage(Way way, bool datagrams, std::size_t first, std::size_t second);
  bool sockets_would_show(Way way, std::uint8_t kinds) const;
  void add(const FinishedFlows::One& one);
  void count_stages(Way way, std::uint8_t found_from, const Outcomes::Key& key,
                    std::uint64_t count);
  std::vector<DelayFlowChain> chains_of(const Outcomes& outcomes) const;
  void list_flows(DelayReport& report);
  void add_chains(const Statistics& statistics, bool partial, DelayReport& report) const;
  void explain_by_loss(const Loss& loss);

  const Captured& captured_;
  const std::vector<Device>& devices_;
  std::vector<StageCounts> stages_;
  std::vector<DelayFlow> flows_;
};

}  // namespace tscope
