// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tscope {

/// What this machine did around one probe, from right before it was sent until its reply was read.
/// No round-trip time is in it, so none can move a verdict. Absent: could not be had.
struct PingEvidence {
  std::optional<std::uint64_t> preemptions;   ///< involuntary switches of the sending thread
  std::optional<std::int64_t> run_queue_ns;   ///< that it waited for a CPU while it could have run
  std::optional<std::int64_t> gap_ns;         ///< longest between two looks of a spin
  std::optional<std::int64_t> late_timer_ns;  ///< latest that a timer woke the thread
  std::optional<std::int64_t> send_ns;        ///< app-tx to qdisc-tx (to driver-tx without it)
  std::optional<std::int64_t> call_ns;        ///< app-tx to the end of the send call
  std::optional<std::int64_t> queue_ns;       ///< qdisc-tx to driver-tx
  std::optional<std::uint64_t> qdisc_bytes;   ///< waiting in the device's qdiscs at sending
  std::optional<std::uint64_t> driver_bytes;  ///< handed over and not sent yet (byte queue limits)
  std::optional<std::int64_t> wake_ns;        ///< driver-rx to app-rx
  std::optional<double> softirq_share;        ///< of the CPU's time; by clock ticks, so coarse
  std::optional<std::int64_t> steal_ns;       ///< taken by the hypervisor; by clock ticks
  std::optional<std::int64_t> clock_step_ns;  ///< that CLOCK_REALTIME moved against the raw clock
};

/// How fast the machine is when left in peace, measured before the first probe. Lower quartiles, so
/// that a machine which is busy already does not hide it.
struct PingCalibration {
  std::optional<std::int64_t> timer_ns;  ///< lateness of a 1 ms timer
  std::optional<std::int64_t> look_ns;   ///< longest gap in a short spin
};

/// Evidence above these biases a sample (docs/ping.md).
struct PingThresholds {
  std::int64_t preempted_ns = 50'000;  ///< run-queue delay that makes a preemption count
  std::int64_t gap_ns = 50'000;
  std::int64_t delay_ns = 100'000;  ///< run queue, timer, send, queue, wake-up
  std::uint64_t queued_bytes = 3028;
  double softirq_share = 0.1;
  std::int64_t clock_step_ns = 100'000;
};

/// Four times what was calibrated, within [50 µs, 500 µs] for gaps and [100 µs, 500 µs] for delays.
PingThresholds ping_thresholds(const PingCalibration& calibration);

/// The threshold of delays where sending and receiving together usually add `usual_ns` on this
/// machine: two and a half times that, if it is more, up to 1.5 ms. What is shorter changes little.
std::int64_t delay_threshold(const PingThresholds& calibrated, std::int64_t usual_ns);

enum class PingReason : std::uint8_t {
  preempted,
  run_queue,
  stopped,
  late_timer,
  slow_send,
  device_queue,
  slow_wake,
  softirq,
  steal,
  clock_step,
};
constexpr std::size_t ping_reasons = 10;

/// "preempted", "run-queue", ...
std::string_view ping_reason_name(PingReason reason);

/// Biased if there is a reason.
struct PingVerdict {
  std::vector<PingReason> reasons;
  bool clean() const { return reasons.empty(); }
};

/// A function of local evidence alone.
PingVerdict judge(const PingEvidence& evidence, const PingThresholds& thresholds);

}  // namespace tscope
