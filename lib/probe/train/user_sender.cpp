// SPDX-License-Identifier: MIT
#include "probe/train/user_sender.hpp"

#include <fmt/format.h>
#include <linux/net_tstamp.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <ctime>

#include "base/kernel_clock.hpp"
#include "tscope/base/tsc.hpp"

namespace tscope {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t first_lead_ns = 60'000, most_lead_ns = 300'000;
constexpr std::int64_t txtime_lead_ns = 1'000'000;  // above the delta that etf users configure
constexpr std::int64_t slice_ns = 100'000'000;      // of sleep, so that ^C is noticed
constexpr std::int64_t before_first_ns = 2'000'000;
constexpr std::int64_t tick_ns = 1'000'000;
constexpr int wake_up_tries = 30;
constexpr int priority = 50;
constexpr std::uint32_t refusals_looked_for = 16;  // probes
// Longer spinning would have the kernel throttle real-time tasks (sched_rt_runtime_us), and starve
// others.
constexpr std::int64_t dense_gap_ns = 400'000, dense_duration_ns = 500'000'000;

void sleep_until_ns(std::int64_t monotonic_ns) {
  const timespec until{monotonic_ns / second_ns, monotonic_ns % second_ns};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) continue;
}

std::int64_t ticks_between(std::uint64_t from, std::uint64_t to) {
  return static_cast<std::int64_t>(to - from);
}

bool dense(const std::vector<PlannedProbe>& plan) {
  const std::int64_t duration = plan.back().at_ns - plan.front().at_ns;
  return duration > dense_duration_ns &&
         duration / static_cast<std::int64_t>(plan.size()) < dense_gap_ns;
}

}  // namespace

TickRate::TickRate(const Anchor& from, const Anchor& to)
    : from_(from),
      ns_per_tick_(static_cast<double>(to.monotonic_raw_ns - from.monotonic_raw_ns) /
                   static_cast<double>(to.tsc - from.tsc)) {
}

std::uint64_t TickRate::ticks(std::int64_t ns) const {
  return static_cast<std::uint64_t>(std::llround(static_cast<double>(ns) / ns_per_tick_));
}

std::int64_t TickRate::ns(std::int64_t ticks) const {
  return std::llround(static_cast<double>(ticks) * ns_per_tick_);
}

std::int64_t TickRate::unix_ns(std::uint64_t tick) const {
  return static_cast<std::int64_t>(from_.realtime_ns) + ns(ticks_between(from_.tsc, tick));
}

std::uint32_t TickRate::khz() const {
  return static_cast<std::uint32_t>(std::llround(1e6 / ns_per_tick_));
}

UserSender::UserSender(const TrainJob& job, const TickRate& rate)
    : job_(job),
      rate_(rate),
      payload_(job.frame.bytes().begin() + job.frame.payload_at(), job.frame.bytes().end()),
      probes_(job.request.plan.size()),
      lead_(first_lead_ns, most_lead_ns) {
}

stamp::NtpTime UserSender::time_in(const UserProbe& probe) const {
  const bool by_qdisc = job_.request.user_mode == UserMode::txtime;
  return stamp::to_ntp(rate_.unix_ns(by_qdisc ? probe.scheduled : probe.handed));
}

void UserSender::prepare_thread() {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(job_.cpu, &one);
  pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
  prctl(PR_SET_TIMERSLACK, 1UL);
  if (job_.request.user_mode == UserMode::spin && dense(job_.request.plan)) {
    notes_.emplace_back(
        "not under real-time scheduling: with gaps that short it would spin all the time");
    setpriority(PRIO_PROCESS, 0, PRIO_MIN);
    return;
  }
  sched_param parameter{};
  parameter.sched_priority = priority;
  const int error = pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameter);
  if (error == 0) return;
  notes_.push_back(fmt::format(
      "without real-time scheduling ({}): other processes delay it; it needs CAP_SYS_NICE",
      std::strerror(error)));
}

// Sleeps as the train will, so that the first probe's lead is not a guess.
void UserSender::measure_wake_up() {
  constexpr std::int64_t nap_ns = 500'000;
  for (int i = 0; i < wake_up_tries; i++) {
    const std::int64_t until = read_clock_ns(CLOCK_MONOTONIC) + nap_ns;
    sleep_until_ns(until);
    const std::int64_t late = read_clock_ns(CLOCK_MONOTONIC) - until;
    if (i == 0 || late > lead_.ns()) lead_ = Lead(std::min(late, 2 * lead_.ns()), most_lead_ns);
    lead_.woken_late_by(late);
  }
}

bool UserSender::sleep_until(std::uint64_t tick, const std::atomic<bool>& cancel) const {
  while (!cancel.load(std::memory_order_relaxed)) {
    const std::int64_t left = rate_.ns(ticks_between(read_tsc(), tick));
    if (left <= 0) return true;
    const std::int64_t now = read_clock_ns(CLOCK_MONOTONIC);
    sleep_until_ns(now + std::min(left, slice_ns));
    if (left <= slice_ns) return true;
  }
  return false;
}

int UserSender::send_at(std::span<const std::uint8_t> payload, std::uint64_t scheduled) const {
  const std::int64_t away = rate_.ns(ticks_between(read_tsc(), scheduled));
  const auto time = static_cast<std::uint64_t>(read_clock_ns(CLOCK_TAI) + away);
  iovec data{const_cast<std::uint8_t*>(payload.data()), payload.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(time))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_TXTIME;
  header->cmsg_len = CMSG_LEN(sizeof(time));
  std::memcpy(CMSG_DATA(header), &time, sizeof(time));
  return sendmsg(job_.path.socket.get(), &message, 0) < 0 ? errno : 0;
}

void UserSender::hand_over(std::uint32_t index, UserProbe& probe) {
  const auto put = [&](std::size_t at, std::uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; i++) {
      payload_[at + i] = static_cast<std::uint8_t>(value >> (8 * (bytes - 1 - i)));
    }
  };
  put(stamp::sequence_at, index, 4);
  probe.handed = read_tsc();
  put(stamp::timestamp_at, time_in(probe).bits, 8);
  const std::span payload(payload_.data(), job_.request.plan[index].size);
  if (job_.request.user_mode == UserMode::txtime) {
    probe.error = send_at(payload, probe.scheduled);
  } else if (send(job_.path.socket.get(), payload.data(), payload.size(), 0) < 0) {
    probe.error = errno;
  }
}

// An ICMP "port unreachable" for an earlier probe would be reported by this one's send call,
// instead of sending it.
void UserSender::forget_refusal() {
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(job_.path.socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == ECONNREFUSED) refused_++;
}

void UserSender::run(const std::atomic<bool>& cancel) {
  prepare_thread();
  measure_wake_up();
  const auto& plan = job_.request.plan;
  const UserMode mode = job_.request.user_mode;
  // The kernel's ticks come at multiples of a millisecond (tick_setup_sched_timer, from 6.4 on): a
  // train of such gaps shall go between them.
  const std::int64_t phase = read_clock_ns(CLOCK_MONOTONIC) % tick_ns;
  start_ = read_tsc() + rate_.ticks(before_first_ns - phase + tick_ns / 2);
  const std::int64_t busy_before = read_clock_ns(CLOCK_THREAD_CPUTIME_ID);
  for (std::uint32_t i = 0; i < plan.size(); i++) {
    UserProbe& probe = probes_[i];
    probe.scheduled = start_ + rate_.ticks(plan[i].at_ns);
    const std::int64_t lead = mode == UserMode::spin     ? lead_.ns()
                              : mode == UserMode::txtime ? txtime_lead_ns
                                                         : 0;
    const std::uint64_t wake_at = probe.scheduled - rate_.ticks(lead);
    const bool sleeps = ticks_between(read_tsc(), wake_at) > 0;
    if (cancel.load(std::memory_order_relaxed) || (sleeps && !sleep_until(wake_at, cancel))) break;
    probe.woken = probe.spun = read_tsc();
    if (refused_ > 0 || i % refusals_looked_for == 1) forget_refusal();
    if (sleeps) lead_.woken_late_by(rate_.ns(ticks_between(wake_at, probe.woken)));
    if (mode == UserMode::spin) {
      while (ticks_between(probe.spun, probe.scheduled) > 0) probe.spun = read_tsc();
      spin_ticks_ += probe.spun - probe.woken;
    }
    hand_over(i, probe);
    if (probe.error == ECONNREFUSED) {
      refused_++;
      probe.error = 0;
      hand_over(i, probe);
    }
    done_.store(i + 1, std::memory_order_release);
  }
  end_ = read_tsc();
  busy_ns_ = read_clock_ns(CLOCK_THREAD_CPUTIME_ID) - busy_before;
  over_.store(true, std::memory_order_release);
}

}  // namespace tscope
