// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "probe/train/engine.hpp"
#include "probe/wire/clock_state.hpp"
#include "tscope/base/error.hpp"
#include "tscope/base/facts.hpp"

namespace tscope {

namespace {

constexpr std::int64_t late_max_ns = 1'000'000'000;  // the module takes no more

std::uint32_t choose_cpu(const std::optional<std::uint32_t>& asked) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  sched_getaffinity(0, sizeof(allowed), &allowed);
  if (asked) {
    if (*asked < CPU_SETSIZE && CPU_ISSET(*asked, &allowed)) return *asked;
    throw UsageError(
        fmt::format("CPU {} is not among those this process may use; give another --cpu", *asked));
  }
  // The last: what is bound to a CPU by default is mostly bound to the first.
  std::uint32_t last = 0;
  for (std::uint32_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    if (CPU_ISSET(cpu, &allowed)) last = cpu;
  }
  return last;
}

}  // namespace

tscope_probe probe_times(const tscope_record& record) {
  tscope_probe times{};
  std::memcpy(&times, record.header + TSCOPE_PROBE_AT, sizeof(times));
  return times;
}

ProbeResult probe_result(const tscope_record& record) {
  constexpr std::uint32_t v4_headers = 28, v6_headers = 48;
  const tscope_probe times = probe_times(record);
  const std::uint32_t headers = record.header[0] >> 4 == 6 ? v6_headers : v4_headers;
  ProbeResult result;
  result.index = record.seq;
  result.scheduled = times.scheduled;
  result.woken = times.woken;
  result.spun = times.spun;
  result.handed = record.tsc;
  result.error = static_cast<int>(record.error);
  result.flags = record.flags & (TSCOPE_F_LATE | TSCOPE_F_CONTENDED | TSCOPE_F_TIMER);
  result.size = record.wire_len > headers ? record.wire_len - headers : 0;
  return result;
}

TrainEngineKind best_train_engine() {
  return access(TSCOPE_DEVICE, F_OK) == 0 ? TrainEngineKind::kmod : TrainEngineKind::user;
}

std::unique_ptr<Train> open_train(TrainEngineKind engine, TrainRequest request) {
  if (request.plan.empty()) throw UsageError("the train has no probe");
  if (request.late_ns < 0 || request.late_ns > late_max_ns) {
    throw UsageError("the lateness allowed is at most 1 s; give another --late");
  }
  const std::uint32_t largest =
      std::ranges::max_element(request.plan, {}, &PlannedProbe::size)->size;
  const std::uint32_t cpu = choose_cpu(request.cpu);
  ProbePath path = resolve_path({request.host, request.port, request.source_port}, largest);
  stamp::SenderPacket packet;
  packet.error = realtime_error();
  ProbeFrame frame(path.addresses, packet, largest);

  auto facts = host_facts();
  const FrameAddresses& a = path.addresses;
  facts["engine"] = engine == TrainEngineKind::kmod ? "kmod" : "user";
  facts["clock"] = "tsc";
  facts["destination"] = a.destination.to_string();
  facts["destination_port"] = std::to_string(a.destination_port);
  facts["source"] = a.source.to_string();
  facts["source_port"] = std::to_string(a.source_port);
  facts["device"] = path.device;
  if (!path.gateway.empty()) facts["gateway"] = path.gateway;
  if (a.vlan) facts["vlan"] = std::to_string(*a.vlan);
  facts["cpu_sending"] = std::to_string(cpu);

  TrainJob job{std::move(request), std::move(path), std::move(frame), cpu, std::move(facts)};
  return engine == TrainEngineKind::kmod ? open_kmod_train(std::move(job))
                                         : open_user_train(std::move(job));
}

}  // namespace tscope
