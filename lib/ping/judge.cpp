// SPDX-License-Identifier: MIT
#include "ping/judge.hpp"

namespace tscope {

namespace {

using Time = std::optional<std::int64_t>;

Time stage(const Time& begin, const Time& end) {
  if (!begin || !end) return std::nullopt;
  return *end - *begin;
}

}  // namespace

void PingJudge::judge(PingSample& sample) {
  const PingStamps& stamps = sample.stamps;
  PingEvidence& evidence = sample.evidence;
  evidence.send_ns = stage(stamps.app_tx, stamps.qdisc_tx ? stamps.qdisc_tx : stamps.driver_tx);
  evidence.queue_ns = stage(stamps.qdisc_tx, stamps.driver_tx);
  evidence.wake_ns = stage(stamps.driver_rx, stamps.app_rx);

  const Time send = stamps.send_delay(), receive = stamps.receive_delay();
  if (send && receive) usual_delay_.add(*send + *receive);
  PingThresholds thresholds = thresholds_;
  thresholds.delay_ns = delay_threshold(thresholds_, usual_delay_.ns());
  sample.delay_threshold_ns = thresholds.delay_ns;
  sample.verdict = tscope::judge(evidence, thresholds);
}

}  // namespace tscope
