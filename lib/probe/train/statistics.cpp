// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>

#include "tscope/probe/train_report.hpp"

namespace tscope {

namespace {

TrainQuantiles quantiles(std::vector<std::int64_t>& ticks, double ns_per_tick) {
  TrainQuantiles result;
  result.count = ticks.size();
  if (ticks.empty()) return result;
  std::ranges::sort(ticks);
  const auto at = [&](double share) {
    const auto rank =
        static_cast<std::size_t>(std::ceil(share * static_cast<double>(ticks.size())));
    return std::llround(static_cast<double>(ticks[std::max<std::size_t>(rank, 1) - 1]) *
                        ns_per_tick);
  };
  result.p50 = at(0.5);
  result.p90 = at(0.9);
  result.p99 = at(0.99);
  result.max = at(1);
  return result;
}

std::int64_t difference(std::uint64_t later, std::uint64_t earlier) {
  return static_cast<std::int64_t>(later - earlier);
}

}  // namespace

TrainStatistics::TrainStatistics(std::uint64_t planned) : probes_(planned) {
}

void TrainStatistics::add(const ProbeResult& probe) {
  if (probe.error != 0) {
    failures_[probe.error]++;
    return;
  }
  if (probe.index >= probes_.size()) return;
  probes_[probe.index] = {probe.scheduled, probe.handed, difference(probe.spun, probe.scheduled)};
}

void TrainStatistics::fill(TrainReport& report, double tsc_hz) const {
  const double ns_per_tick = 1e9 / tsc_hz;
  report.failures = failures_;
  std::vector<std::int64_t> values;
  values.reserve(probes_.size());
  const auto collect = [&](auto value) {
    values.clear();
    for (const Kept& probe : probes_) {
      if (probe.scheduled != 0) values.push_back(value(probe));
    }
    return quantiles(values, ns_per_tick);
  };
  report.lateness = collect([](const Kept& p) { return difference(p.handed, p.scheduled); });
  report.spin_error = collect([](const Kept& p) { return p.spin_error; });
  report.recorded = report.lateness.count;

  values.clear();
  for (std::size_t i = 1; i < probes_.size(); i++) {
    const Kept& before = probes_[i - 1];
    const Kept& probe = probes_[i];
    if (before.scheduled == 0 || probe.scheduled == 0) continue;
    values.push_back(std::abs(difference(probe.handed, before.handed) -
                              difference(probe.scheduled, before.scheduled)));
  }
  report.gap_error = quantiles(values, ns_per_tick);
}

}  // namespace tscope
