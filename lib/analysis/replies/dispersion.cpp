// SPDX-License-Identifier: MIT
#include "analysis/replies/dispersion.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tscope {

namespace {

constexpr std::size_t modes_max = 5;
constexpr std::size_t pairs_min = 10;  // fewer make no mode
constexpr double expansion = 1.05;     // a pair this much wider was queued at a slower link
constexpr double window_of_spread = 0.1, window_of_median = 0.02;

double seconds(std::int64_t ns) {
  return static_cast<double>(ns) * 1e-9;
}

double rate(std::uint32_t bytes, std::int64_t gap_ns) {
  return gap_ns > 0 ? bytes * 8.0 / seconds(gap_ns) : 0;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

// UDP payload with the UDP and IP headers: capacity at the IP layer (RFC 5136, section 2.3).
std::uint32_t ip_bytes(const SentProbe& probe, std::uint8_t family) {
  return probe.size + 8 + (family == 6 ? 40 : 20);
}

struct Member {
  const SentProbe* sent = nullptr;
  std::int64_t arrival_ns = 0;
};

// Calls each(members) for every group that arrived whole.
template <typename Each>
void each_group(const MatchedReplies& matched,
                const std::vector<std::optional<std::int64_t>>& arrival_ns, std::uint32_t size,
                Dispersion& result, Each each) {
  const auto& probes = matched.by_index;
  for (std::size_t i = 0; i < probes.size();) {
    const std::uint32_t group = probes[i].sent.index / size;
    std::vector<Member> members;
    bool begins = probes[i].sent.index % size == 0;
    for (; i < probes.size() && probes[i].sent.index / size == group; i++) {
      if (arrival_ns[i]) members.push_back({&probes[i].sent, *arrival_ns[i]});
    }
    if (!begins && members.empty()) continue;
    result.groups++;
    if (members.size() != size || !std::ranges::is_sorted(members, {}, &Member::arrival_ns)) {
      result.incomplete++;
      continue;
    }
    each(members);
  }
}

void pairs(const MatchedReplies& matched,
           const std::vector<std::optional<std::int64_t>>& arrival_ns, const ReplyOptions& options,
           Dispersion& result) {
  std::vector<double> capacities, sent_rates, ratios;
  std::vector<std::int64_t> sent_gaps, arrival_gaps;
  each_group(matched, arrival_ns, 2, result, [&](const std::vector<Member>& members) {
    const std::uint32_t bytes = ip_bytes(*members[1].sent, options.family);
    PairGap pair{members[0].sent->index, members[1].sent->handed_ns - members[0].sent->handed_ns,
                 members[1].arrival_ns - members[0].arrival_ns, 0};
    pair.capacity_bps = rate(bytes, pair.arrival_gap_ns);
    sent_gaps.push_back(pair.sent_gap_ns);
    arrival_gaps.push_back(pair.arrival_gap_ns);
    sent_rates.push_back(rate(bytes, pair.sent_gap_ns));
    if (pair.arrival_gap_ns > 0) {
      capacities.push_back(pair.capacity_bps);
      ratios.push_back(static_cast<double>(pair.sent_gap_ns) /
                       static_cast<double>(pair.arrival_gap_ns));
      if (static_cast<double>(pair.arrival_gap_ns) >
          expansion * static_cast<double>(pair.sent_gap_ns)) {
        result.expanded++;
      }
    } else {
      result.unresolved++;
    }
    result.pairs.push_back(pair);
  });
  result.sent_rate_bps = median(sent_rates);
  result.rate_ratio_p50 = median(ratios);
  result.sent_gap = delay_quantiles(std::move(sent_gaps));
  result.arrival_gap = delay_quantiles(std::move(arrival_gaps));
  if (capacities.size() < pairs_min) return;
  result.capacity_is_bound = 2 * result.expanded < capacities.size();
  result.modes = rate_modes(std::move(capacities));
  result.capacity_bps = result.modes.front().bps;
}

// A queue that began to grow in a chirp's last steps is too short an excursion to be one: these
// rates bound nothing. A step that arrived a little slower than it left bounds by how it arrived.
double fastest_that_kept_up(const std::vector<ChirpStep>& steps) {
  constexpr double kept = 0.95;  // of the rate sent
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    if (step->rate_ratio >= kept) return step->rate_bps * std::min(1.0, step->rate_ratio);
  }
  return 0;
}

void chirps(const MatchedReplies& matched,
            const std::vector<std::optional<std::int64_t>>& arrival_ns, const ReplyOptions& options,
            Dispersion& result) {
  const std::size_t steps = options.group_size - 1;
  struct Step {
    std::vector<double> rates, sent, arrival, queueing, ratios;
    std::uint64_t in_excursion = 0;
  };
  std::vector<Step> all(steps);
  std::vector<double> available;
  each_group(matched, arrival_ns, options.group_size, result, [&](const std::vector<Member>& m) {
    ChirpShape shape;
    std::int64_t least = INT64_MAX;
    for (const Member& member : m) {
      shape.queueing_ns.push_back(member.arrival_ns - member.sent->handed_ns);
      least = std::min(least, shape.queueing_ns.back());
    }
    for (std::int64_t& delay : shape.queueing_ns) delay -= least;
    for (std::size_t k = 0; k < steps; k++) {
      const std::int64_t gap = m[k + 1].sent->handed_ns - m[k].sent->handed_ns;
      shape.gap_ns.push_back(gap);
      shape.rate_bps.push_back(rate(ip_bytes(*m[k + 1].sent, options.family), gap));
    }
    const ChirpExcursion excursion = chirp_excursion(shape);
    ChirpEstimate estimate{m[0].sent->index, 0, excursion.available_bps};
    if (excursion.onset) estimate.onset_bps = shape.rate_bps[*excursion.onset];
    if (estimate.available_bps > 0) available.push_back(estimate.available_bps);
    result.chirps.push_back(estimate);
    for (std::size_t k = 0; k < steps; k++) {
      Step& step = all[k];
      const std::int64_t arrived = m[k + 1].arrival_ns - m[k].arrival_ns;
      step.rates.push_back(shape.rate_bps[k]);
      step.sent.push_back(static_cast<double>(shape.gap_ns[k]));
      step.arrival.push_back(static_cast<double>(arrived));
      step.queueing.push_back(static_cast<double>(shape.queueing_ns[k + 1]));
      if (arrived > 0) step.ratios.push_back(step.sent.back() / static_cast<double>(arrived));
      if (excursion.onset && k + 1 > *excursion.onset) step.in_excursion++;
    }
  });
  result.available_bps = median(std::move(available));
  if (result.chirps.empty()) return;
  for (std::size_t k = 0; k < steps; k++) {
    Step& step = all[k];
    result.steps.push_back(
        {static_cast<std::uint32_t>(k + 1), median(step.rates), std::llround(median(step.sent)),
         std::llround(median(step.arrival)), median(step.ratios),
         std::llround(median(step.queueing)),
         static_cast<double>(step.in_excursion) / static_cast<double>(result.chirps.size())});
  }
  const auto without_onset =
      std::ranges::count_if(result.chirps, [](const ChirpEstimate& c) { return c.onset_bps == 0; });
  result.available_is_bound = 2 * static_cast<std::size_t>(without_onset) >= result.chirps.size();
  if (result.available_is_bound) result.available_bps = fastest_that_kept_up(result.steps);
}

}  // namespace

std::vector<RateMode> rate_modes(std::vector<double> rates) {
  std::vector<RateMode> modes;
  std::ranges::sort(rates);
  const std::size_t all = rates.size();
  if (all == 0) return modes;
  const double spread = rates[all * 3 / 4] - rates[all / 4];
  const double window = std::max(window_of_spread * spread, window_of_median * rates[all / 2]);
  while (!rates.empty() && modes.size() < modes_max) {
    std::size_t best_from = 0, best = 0;
    for (std::size_t from = 0, to = 0; from < rates.size(); from++) {
      while (to < rates.size() && rates[to] - rates[from] <= window) to++;
      if (to - from > best) {
        best = to - from;
        best_from = from;
      }
    }
    const auto begin = rates.begin() + static_cast<std::ptrdiff_t>(best_from);
    const auto end = begin + static_cast<std::ptrdiff_t>(best);
    RateMode mode;
    mode.count = best;
    mode.share = static_cast<double>(best) / static_cast<double>(all);
    mode.low_bps = *begin;
    mode.high_bps = *(end - 1);
    mode.bps = std::accumulate(begin, end, 0.0) / static_cast<double>(best);
    // The rest of the same hill is no mode of its own.
    const auto left = std::ranges::lower_bound(rates, mode.low_bps - window);
    const auto right = std::ranges::upper_bound(rates, mode.high_bps + window);
    rates.erase(left, right);
    if (!modes.empty() && mode.share < 0.05) break;
    modes.push_back(mode);
  }
  return modes;
}

ChirpExcursion chirp_excursion(const ChirpShape& chirp) {
  constexpr double decrease = 1.5;  // F: an excursion is over when the delay fell by this factor
  constexpr std::size_t length_min = 5;  // L: shorter ones are noise
  const auto& q = chirp.queueing_ns;
  const std::size_t steps = chirp.gap_ns.size();
  ChirpExcursion result;
  if (steps == 0) return result;

  std::vector<double> estimate(steps, 0);
  std::size_t last = steps - 1;  // where the final excursion begins, else the last step
  for (std::size_t i = 0; i < steps;) {
    if (q[i] >= q[i + 1]) {
      i++;
      continue;
    }
    double peak = 0;
    std::size_t j = i + 1;
    for (; j <= steps; j++) {
      const auto rise = static_cast<double>(q[j] - q[i]);
      peak = std::max(peak, rise);
      if (rise < peak / decrease) break;
    }
    const bool ends = j <= steps;
    const bool long_enough = j - i >= length_min;
    if (!ends && long_enough) {
      result.onset = last = i;
      break;
    }
    if (ends && long_enough) {
      for (std::size_t k = i; k < j && k < steps; k++) {
        if (q[k] <= q[k + 1]) estimate[k] = chirp.rate_bps[k];
      }
    }
    i = ends ? j : steps;
  }
  double weighted = 0, time = 0;
  for (std::size_t k = 0; k < steps; k++) {
    const double bps = estimate[k] > 0 ? estimate[k] : chirp.rate_bps[last];
    weighted += bps * static_cast<double>(chirp.gap_ns[k]);
    time += static_cast<double>(chirp.gap_ns[k]);
  }
  if (time > 0) result.available_bps = weighted / time;
  return result;
}

Dispersion dispersion_of(const MatchedReplies& matched,
                         const std::vector<std::optional<std::int64_t>>& arrival_ns,
                         const ReplyOptions& options) {
  Dispersion result;
  result.group = options.group;
  if (options.group == ProbeGroup::pairs) pairs(matched, arrival_ns, options, result);
  if (options.group == ProbeGroup::chirp && options.group_size > 1) {
    chirps(matched, arrival_ns, options, result);
  }
  return result;
}

}  // namespace tscope
