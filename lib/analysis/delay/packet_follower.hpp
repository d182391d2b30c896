// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>

#include "analysis/delay/unit.hpp"
#include "tscope/analysis/delay_report.hpp"

namespace tscope {

/// What DelayAnalysis does, and what it does not show: each packet with its stamps.
class PacketFollower {
 public:
  using OnUnit = std::function<void(Way, const Unit&)>;

  /// on_unit gets each packet when its last stamp is known, in no order; may be empty.
  explicit PacketFollower(DelayOptions options, OnUnit on_unit = {});
  ~PacketFollower();
  void add(const Packet& packet, const Interface& interface);
  /// Loss, clock and truncation are taken from the source when it is at its end.
  DelayReport finish(const Source& source);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tscope
