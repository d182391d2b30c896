// SPDX-License-Identifier: MIT
#include "tscope/base/tsc_check.hpp"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

#include "base/kernel_clock.hpp"

namespace tscope {

namespace {

using Clock = std::chrono::steady_clock;

constexpr unsigned spins_between_looks = 4096;

struct alignas(64) Baton {
  std::atomic<std::uint64_t> turn{0};  // even: the first CPU's, odd: the second's
  std::uint64_t tsc = 0;               // guarded by turn
  std::atomic<bool> over{false};
};

bool pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(cpu), &set);
  return pthread_setaffinity_np(pthread_self(), sizeof(set), &set) == 0;
}

// False when there is nothing more to wait for.
bool wait_for_turn(Baton& baton, std::uint64_t turn, Clock::time_point end) {
  for (unsigned spins = 1; baton.turn.load(std::memory_order_acquire) != turn; spins++) {
    if (baton.over.load(std::memory_order_relaxed)) return false;
    if (spins % spins_between_looks == 0 && Clock::now() >= end) return false;
    _mm_pause();
  }
  return true;
}

HandOffs take_part(Baton& baton, int cpu, std::uint64_t turn, std::uint64_t count,
                   Clock::time_point end, std::uint64_t (*read)()) {
  HandOffs seen;
  if (pin(cpu)) {
    while (turn < count && wait_for_turn(baton, turn, end)) {
      const std::uint64_t now = read();
      if (now < baton.tsc) {
        seen.backward++;
        seen.worst_ticks = std::max(seen.worst_ticks, baton.tsc - now);
      }
      baton.tsc = now;
      baton.turn.store(turn + 1, std::memory_order_release);
      seen.count++;
      turn += 2;
    }
  }
  if (turn < count) baton.over = true;
  return seen;
}

double measure_tsc_hz() {
  constexpr auto span = std::chrono::milliseconds(50);
  const std::int64_t ns = read_clock_ns(CLOCK_MONOTONIC_RAW);
  const std::uint64_t tsc = read_tsc();
  std::this_thread::sleep_for(span);
  const std::int64_t ns_later = read_clock_ns(CLOCK_MONOTONIC_RAW);
  const std::uint64_t tsc_later = read_tsc();
  return static_cast<double>(tsc_later - tsc) / static_cast<double>(ns_later - ns) * 1e9;
}

}  // namespace

std::vector<int> usable_cpus() {
  cpu_set_t set;
  std::vector<int> cpus;
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    if (CPU_ISSET(static_cast<std::size_t>(cpu), &set)) cpus.push_back(cpu);
  }
  return cpus;
}

HandOffs compare_tsc(int first_cpu, int second_cpu, std::uint64_t count,
                     std::chrono::milliseconds limit, std::uint64_t (*read)()) {
  Baton baton;
  const auto end = Clock::now() + limit;
  HandOffs first, second;
  std::thread other([&] { second = take_part(baton, second_cpu, 1, count, end, read); });
  std::thread one([&] { first = take_part(baton, first_cpu, 0, count, end, read); });
  one.join();
  other.join();
  return {first.count + second.count, first.backward + second.backward,
          std::max(first.worst_ticks, second.worst_ticks)};
}

ReadCost measure_read_cost() {
  std::array<std::uint64_t, 10001> costs;
  std::uint64_t before = read_tsc();
  for (auto& cost : costs) {
    const std::uint64_t now = read_tsc();
    cost = now - before;
    before = now;
  }
  const auto middle = costs.begin() + costs.size() / 2;
  std::ranges::nth_element(costs, middle);
  ReadCost result;
  result.median_ticks = *middle;
  result.min_ticks = *std::min_element(costs.begin(), middle + 1);
  result.tsc_hz = measure_tsc_hz();
  return result;
}

}  // namespace tscope
