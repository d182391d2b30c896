// SPDX-License-Identifier: MIT
#pragma once

#include "probe/ping/usual_delay.hpp"
#include "tscope/probe/ping.hpp"
#include "tscope/probe/ping_evidence.hpp"

namespace tscope {

/// Judges the samples of a run, one after the other. Of their stamps it takes the stages on this
/// side of the network alone.
class PingJudge {
 public:
  void calibrated(const PingThresholds& thresholds) { thresholds_ = thresholds; }
  const PingThresholds& thresholds() const { return thresholds_; }

  /// Adds those stages to the sample's evidence, and its verdict.
  void judge(PingSample& sample);

 private:
  PingThresholds thresholds_;
  UsualDelay usual_delay_;
};

}  // namespace tscope
