// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>

#include "tscope/probe/ping_evidence.hpp"

namespace tscope {

namespace {

constexpr std::int64_t times_calibrated = 4, usual_most_ns = 1'500'000;
constexpr std::int64_t gap_least_ns = 50'000, delay_least_ns = 100'000, most_ns = 500'000;

constexpr std::array<std::string_view, ping_reasons> names{
    "preempted",    "run-queue", "stopped", "late-timer", "slow-send",
    "device-queue", "slow-wake", "softirq", "steal",      "clock-step"};

std::int64_t threshold(std::optional<std::int64_t> calibrated, std::int64_t least) {
  return std::clamp(times_calibrated * calibrated.value_or(0), least, most_ns);
}

template <typename T>
bool above(const std::optional<T>& value, T threshold) {
  return value && *value > threshold;
}

}  // namespace

PingThresholds ping_thresholds(const PingCalibration& calibration) {
  PingThresholds thresholds;
  thresholds.gap_ns = threshold(calibration.look_ns, gap_least_ns);
  thresholds.delay_ns = threshold(calibration.timer_ns, delay_least_ns);
  return thresholds;
}

std::int64_t delay_threshold(const PingThresholds& calibrated, std::int64_t usual_ns) {
  return std::max(calibrated.delay_ns, std::min(usual_ns * 5 / 2, usual_most_ns));
}

std::string_view ping_reason_name(PingReason reason) {
  return names.at(static_cast<std::size_t>(reason));
}

PingVerdict judge(const PingEvidence& evidence, const PingThresholds& limits) {
  PingVerdict verdict;
  const auto add = [&](bool holds, PingReason reason) {
    if (holds) verdict.reasons.push_back(reason);
  };
  // Kernel threads preempt everybody for a moment: that alone delays nothing.
  const bool long_enough = !evidence.run_queue_ns || *evidence.run_queue_ns > limits.preempted_ns;
  add(evidence.preemptions.value_or(0) > 0 && long_enough, PingReason::preempted);
  add(above(evidence.run_queue_ns, limits.delay_ns), PingReason::run_queue);
  add(above(evidence.gap_ns, limits.gap_ns), PingReason::stopped);
  add(above(evidence.late_timer_ns, limits.delay_ns), PingReason::late_timer);
  // A stop right after the hand-over shows in the call alone.
  add(above(evidence.send_ns, limits.delay_ns) || above(evidence.call_ns, limits.delay_ns),
      PingReason::slow_send);
  // Where the wait in the qdisc itself was stamped, that decides, not how full it looked.
  const bool queued = evidence.queue_ns ? *evidence.queue_ns > limits.delay_ns
                                        : above(evidence.qdisc_bytes, limits.queued_bytes);
  add(queued || above(evidence.driver_bytes, limits.queued_bytes), PingReason::device_queue);
  add(above(evidence.wake_ns, limits.delay_ns), PingReason::slow_wake);
  add(above(evidence.softirq_share, limits.softirq_share), PingReason::softirq);
  add(above(evidence.steal_ns, std::int64_t{0}), PingReason::steal);
  add(above(evidence.clock_step_ns, limits.clock_step_ns), PingReason::clock_step);
  return verdict;
}

}  // namespace tscope
