// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "probe/train/engine.hpp"
#include "probe/train/lead.hpp"

namespace tscope {

/// What the sending thread leaves of a probe.
struct UserProbe {
  std::uint64_t scheduled = 0, woken = 0, spun = 0, handed = 0;  // ticks
  int error = 0;
};

/// Ticks to nanoseconds and back, straight from one anchor on.
class TickRate {
 public:
  TickRate(const Anchor& from, const Anchor& to);

  std::uint64_t ticks(std::int64_t ns) const;
  std::int64_t ns(std::int64_t ticks) const;
  /// Nanoseconds since the Unix epoch.
  std::int64_t unix_ns(std::uint64_t tick) const;
  std::uint32_t khz() const;

 private:
  Anchor from_;
  double ns_per_tick_;
};

/// Sends a train from one thread of this process, as exactly as a process can.
class UserSender {
 public:
  /// job and rate outlive it.
  UserSender(const TrainJob& job, const TickRate& rate);

  /// In a thread of its own: changes the thread's scheduling and the CPU it runs on.
  void run(const std::atomic<bool>& cancel);

  /// Probes that had their turn; those before it don't change any more.
  std::uint64_t done() const { return done_.load(std::memory_order_acquire); }
  bool over() const { return over_.load(std::memory_order_acquire); }
  const UserProbe& at(std::uint64_t index) const { return probes_[index]; }

  // Once it is over.
  std::uint64_t started() const { return start_; }
  std::uint64_t ended() const { return end_; }
  std::uint64_t spin_ticks() const { return spin_ticks_; }
  std::int64_t busy_ns() const { return busy_ns_; }
  std::int64_t lead_ns() const { return lead_.ns(); }
  const std::vector<std::string>& notes() const { return notes_; }
  bool refused() const { return refused_ > 0; }

  /// What stands in the probe as its time.
  stamp::NtpTime time_in(const UserProbe& probe) const;

 private:
  void prepare_thread();
  void measure_wake_up();
  /// False: cancelled.
  bool sleep_until(std::uint64_t tick, const std::atomic<bool>& cancel) const;
  void forget_refusal();
  void hand_over(std::uint32_t index, UserProbe& probe);
  int send_at(std::span<const std::uint8_t> payload, std::uint64_t scheduled) const;

  const TrainJob& job_;
  const TickRate& rate_;
  std::vector<std::uint8_t> payload_;
  std::vector<UserProbe> probes_;
  Lead lead_;
  std::uint64_t start_ = 0, end_ = 0, spin_ticks_ = 0;
  std::int64_t busy_ns_ = 0;
  std::uint64_t refused_ = 0;
  std::vector<std::string> notes_;
  std::atomic<std::uint64_t> done_ = 0;
  std::atomic<bool> over_ = false;
};

}  // namespace tscope
