// SPDX-License-Identifier: MIT
#include "probe/ping/judge.hpp"

namespace tscope {

void PingJudge::judge(PingSample& sample) {
  const PingStamps& stamps = sample.stamps;
  PingEvidence& evidence = sample.evidence;
  const auto send = stamps.send_delay(), receive = stamps.receive_delay();
  evidence.send_ns = stamps.enqueue_delay();
  evidence.queue_ns = stamps.queue_delay();
  evidence.wake_ns = receive;

  if (send && receive) usual_delay_.add(*send + *receive);
  PingThresholds thresholds = thresholds_;
  thresholds.delay_ns = delay_threshold(thresholds_, usual_delay_.ns());
  sample.delay_threshold_ns = thresholds.delay_ns;
  sample.verdict = tscope::judge(evidence, thresholds);
}

}  // namespace tscope
