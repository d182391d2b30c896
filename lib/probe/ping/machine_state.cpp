// SPDX-License-Identifier: MIT
#include "probe/ping/machine_state.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>

#include "probe/ping/clock.hpp"
#include "probe/wire/clock_state.hpp"

namespace tscope {

namespace {

constexpr std::int64_t slew_part = 2000;  // of the time, at the most: adjtimex(2) slews by 500 ppm

std::string_view read_again(const Descriptor& file, std::vector<char>& buffer) {
  const ssize_t length = file ? pread(file.get(), buffer.data(), buffer.size(), 0) : -1;
  return {buffer.data(), length < 0 ? 0 : static_cast<std::size_t>(length)};
}

// The next number of a line of them; nothing at its end.
std::optional<std::int64_t> next_number(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  std::int64_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  return value;
}

template <typename T>
std::optional<T> grown(const std::optional<T>& before, const std::optional<T>& after) {
  if (!before || !after) return std::nullopt;
  return *after > *before ? *after - *before : T{0};
}

}  // namespace

std::optional<CpuTimes> parse_cpu_times(std::string_view stat, unsigned cpu, std::int64_t tick_ns) {
  const std::string name = fmt::format("\ncpu{} ", cpu);
  const auto at = stat.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view line = stat.substr(at + name.size());
  line = line.substr(0, line.find('\n'));
  // user nice system idle iowait irq softirq steal: proc(5).
  constexpr int softirq_column = 6, steal_column = 7;
  CpuTimes times;
  for (int column = 0; column <= steal_column; column++) {
    const auto ticks = next_number(line);
    if (!ticks) return std::nullopt;
    if (column == softirq_column) times.softirq_ns = *ticks * tick_ns;
    if (column == steal_column) times.steal_ns = *ticks * tick_ns;
  }
  return times;
}

MachineWatch::MachineWatch(const std::string& device)
    : schedstat_(open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)),
      stat_(open("/proc/stat", O_RDONLY | O_CLOEXEC)),
      queues_(device),
      device_(device),
      buffer_(65536) {
}

std::vector<std::string> MachineWatch::lacking() const {
  std::vector<std::string> lines;
  if (!schedstat_) lines.emplace_back("run-queue delay: no /proc/thread-self/schedstat");
  if (!stat_) lines.emplace_back("soft interrupts and steal time: no /proc/stat");
  if (!queues_.has_driver_queue()) {
    lines.push_back(fmt::format("the driver's queue: {} has no byte queue limits",
                                device_.empty() ? "the device" : device_));
  }
  return lines;
}

void MachineWatch::read_cpu_times(MachineState& state) {
  const std::int64_t tick_ns = 1'000'000'000 / sysconf(_SC_CLK_TCK);
  if (!state.cpu) {
    const int cpu = sched_getcpu();
    if (cpu < 0) return;
    state.cpu = static_cast<unsigned>(cpu);
  }
  const auto times = parse_cpu_times(read_again(stat_, buffer_), *state.cpu, tick_ns);
  if (!times) return;
  state.softirq_ns = times->softirq_ns;
  state.steal_ns = times->steal_ns;
}

void MachineWatch::read_slow(MachineState& state) {
  read_cpu_times(state);
  state.qdisc_bytes = queues_.qdisc_bytes();
  state.driver_bytes = queues_.driver_bytes();
  state.at_ns = raw_ns();
}

void MachineWatch::read_quick(MachineState& state) {
  std::string_view schedstat = read_again(schedstat_, buffer_);
  if (next_number(schedstat)) state.run_queue_ns = next_number(schedstat);
  rusage usage{};
  if (getrusage(RUSAGE_THREAD, &usage) == 0) {
    state.preemptions = static_cast<std::uint64_t>(usage.ru_nivcsw);
  }
  state.realtime_less_raw_ns = realtime_less_raw_ns();
  state.quick_at_ns = raw_ns();
}

void add_evidence(PingEvidence& evidence, const MachineState& before, const MachineState& after) {
  evidence.preemptions = grown(before.preemptions, after.preemptions);
  evidence.run_queue_ns = grown(before.run_queue_ns, after.run_queue_ns);
  if (before.cpu == after.cpu) {
    evidence.steal_ns = grown(before.steal_ns, after.steal_ns);
    const auto softirq = grown(before.softirq_ns, after.softirq_ns);
    if (softirq && after.at_ns > before.at_ns) {
      evidence.softirq_share =
          static_cast<double>(*softirq) / static_cast<double>(after.at_ns - before.at_ns);
    }
  }
  evidence.qdisc_bytes = before.qdisc_bytes;
  evidence.driver_bytes = before.driver_bytes;
  const std::int64_t apart = std::abs(after.realtime_less_raw_ns - before.realtime_less_raw_ns);
  const std::int64_t slewed = (after.quick_at_ns - before.quick_at_ns) / slew_part;
  evidence.clock_step_ns = std::max<std::int64_t>(0, apart - slewed);
}

}  // namespace tscope
