// SPDX-License-Identifier: MIT
#include "analysis/delay/report_builder.hpp"

#include <algorithm>
#include <bit>
#include <numeric>
#include <set>
#include <tuple>

#include "analysis/delay/absences.hpp"
#include "analysis/delay/stage.hpp"

namespace tscope {

namespace {

constexpr std::size_t flows_reported = 100;

std::uint64_t& count_of(std::array<std::uint64_t, unmatched_reasons>& counts, Unmatched reason) {
  return counts[static_cast<std::size_t>(reason)];
}

void note_longest(DelayStage& stage, const Longest& longest) {
  stage.max_at_ns = longest.from.time_ns;
  stage.max_packets = {longest.from.packet, longest.to.packet};
}

DelayChain chain_of(const Statistics::Key& key, const ChainStatistics& statistics) {
  DelayChain chain;
  chain.way = key.way;
  chain.kind = key.kind;
  chain.packets = statistics.packets;
  chain.segments = statistics.segments;
  chain.negative = statistics.negative;
  chain.inconsistent = statistics.inconsistent;
  Vantage previous = Vantage::tap;
  Vantage first = Vantage::tap;
  for (std::size_t at = 0; at < places_of(key.way); at++) {
    if ((key.seen >> at & 1) == 0) continue;
    const Vantage here = vantage_at(key.way, at);
    if (previous == Vantage::tap) {
      first = here;
    } else {
      chain.stages.push_back(
          stage_of(statistics.since_previous[at], statistics.sums[at], statistics.total_sum));
      chain.stages.back().from = previous;
      chain.stages.back().to = here;
      note_longest(chain.stages.back(), statistics.longest[at]);
    }
    previous = here;
  }
  chain.total = stage_of(statistics.total, statistics.total_sum, statistics.total_sum);
  chain.total.from = first;
  chain.total.to = previous;
  note_longest(chain.total, statistics.longest_total);
  return chain;
}

DelayFlowChain flow_chain_of(Way way, const Outcomes::TimesKey& key, const WayTimes& times) {
  DelayFlowChain chain;
  chain.kind = key.kind;
  chain.packets = times.packets;
  chain.segments = times.segments;
  chain.negative = times.negative;
  chain.inconsistent = times.inconsistent;
  chain.p50_ns = times.total.quantile(0.5);
  chain.p99_ns = times.total.quantile(0.99);
  chain.max_ns = times.total.max();
  chain.sum_ns = times.total_sum;
  auto previous = static_cast<std::size_t>(std::countr_zero(key.seen));
  std::int64_t largest = -1;
  for (std::size_t at = previous + 1; at < places_of(way); at++) {
    if ((key.seen >> at & 1) == 0) continue;
    if (times.sums[at] > largest) {
      largest = times.sums[at];
      chain.largest_from = vantage_at(way, previous);
      chain.largest_to = vantage_at(way, at);
    }
    previous = at;
  }
  if (times.total_sum > 0) {
    chain.largest_share = static_cast<double>(largest) / static_cast<double>(times.total_sum);
  }
  return chain;
}

// The NIC stamps what it is asked to: a packet may be whole without.
bool is_whole(Way way, unsigned seen, unsigned path) {
  return seen == path || seen == (path & ~unsigned{hw_place[static_cast<std::size_t>(way)]});
}

void note_nic_error(DelayChain& chain, const std::vector<NicStamps>& nics) {
  for (DelayStage& stage : chain.stages) {
    for (const NicStamps& stamps : nics) {
      const Vantage at = stamps.interface.vantage;
      if (stamps.interface.device != chain.device || (at != stage.from && at != stage.to)) continue;
      stage.error_ns = chain.total.error_ns = stamps.error_ns;
    }
  }
}

}  // namespace

std::uint8_t ReportBuilder::wanted(Way way, PacketKind kind) const {
  return places_of(way, kind) & captured_.at(way, is_datagram(kind));
}

bool ReportBuilder::whole(Way way, PacketKind kind, std::uint8_t seen) const {
  return is_whole(way, seen, wanted(way, kind)) && std::popcount(seen) >= 2;
}

StageCounts& ReportBuilder::stage(Way way, bool datagrams, std::size_t first, std::size_t second) {
  const Vantage a = vantage_at(way, first), b = vantage_at(way, second);
  for (StageCounts& stage : stages_) {
    if (stage.first == a && stage.second == b && stage.datagrams == datagrams) return stage;
  }
  StageCounts& stage = stages_.emplace_back();
  stage.way = way;
  stage.datagrams = datagrams;
  stage.first = a;
  stage.second = b;
  return stage;
}

void ReportBuilder::count_stages(Way way, std::uint8_t found_from, const Outcomes::Key& key,
                                 std::uint64_t count) {
  const std::uint8_t path = wanted(way, key.kind);
  constexpr std::size_t none = places_max;
  std::size_t before = none;
  for (std::size_t at = 0; at < places_max; at++) {
    if ((path >> at & 1) == 0) continue;
    if (before == none) {
      before = at;
      continue;
    }
    const bool first = (key.seen >> before & 1) != 0, second = (key.seen >> at & 1) != 0;
    StageCounts& here = stage(way, is_datagram(key.kind), before, at);
    if (first && second) {
      here.matched += count;
      here.merged += key.merged && way == Way::receive && before == in::driver ? count : 0;
    } else if (first && way == Way::send && at == out::hw) {
      count_of(here.only_first, Unmatched::no_stamp) += count;
    } else if (second && way == Way::receive && before == in::hw) {
      count_of(here.only_second, Unmatched::no_stamp) += count;
    } else if (first) {
      const bool went_on = (key.seen >> at) != 0;
      count_of(here.only_first, went_on ? Unmatched::unexplained : key.below) += count;
    } else if (second) {
      const bool came_from = (key.seen & ((1U << before) - 1)) != 0;
      // Whether a call came before the first one seen, its bytes' numbers tell.
      const bool call = way == Way::send && before == out::app;
      const bool begin_of_nothing =
          key.above == Unmatched::begin && !call && (found_from >> before & 1) == 0;
      count_of(here.only_second,
               came_from || begin_of_nothing ? Unmatched::unexplained : key.above) += count;
    }
    before = at;
  }
}

bool ReportBuilder::sockets_would_show(Way way, std::uint8_t kinds) const {
  for (std::size_t kind = 0; kind < packet_kinds; kind++) {
    if ((kinds >> kind & 1) != 0 && captured_.socket(way, static_cast<PacketKind>(kind))) {
      return true;
    }
  }
  return false;
}

void ReportBuilder::add(FinishedFlows&& finished, DelayReport& report) {
  for (const auto& [alike, sum] : finished.others()) {
    if (!alike.has_socket && sockets_would_show(alike.way, alike.kinds)) {
      report.forwarded += sum.packets;
      continue;
    }
    report.flows_left_out += sum.flows;
    report.packets_left_out += sum.packets;
    for (const auto& [key, count] : sum.counts) {
      count_stages(alike.way, alike.found_from, key, count);
    }
  }
  const std::vector<FinishedFlows::One> kept = std::move(finished).kept();
  report.changed_addresses = changed_addresses(kept);
  for (const FinishedFlows::One& one : kept) {
    if (!one.has_socket && sockets_would_show(one.outcomes.way(), kinds_of(one.outcomes))) {
      report.forwarded += one.packets;
    } else {
      add(one);
    }
  }
}

void ReportBuilder::add(const FinishedFlows::One& one) {
  const Outcomes& outcomes = one.outcomes;
  DelayFlow entry;
  entry.flow = one.flow;
  entry.netns = one.netns;
  entry.way = outcomes.way();
  entry.datagrams = one.datagrams;
  for (const auto& [key, count] : outcomes.counts()) {
    count_stages(outcomes.way(), outcomes.found_from_bits(), key, count);
    entry.packets[static_cast<std::size_t>(key.kind)] += count;
    const std::uint8_t path = wanted(outcomes.way(), key.kind);
    if (whole(outcomes.way(), key.kind, key.seen & path)) entry.whole += count;
  }
  entry.chains = chains_of(outcomes);
  flows_.push_back(entry);
}

std::vector<DelayFlowChain> ReportBuilder::chains_of(const Outcomes& outcomes) const {
  std::vector<DelayFlowChain> chains;
  for (const auto& [key, times] : outcomes.times()) {
    if (!whole(outcomes.way(), key.kind, key.seen)) continue;
    chains.push_back(flow_chain_of(outcomes.way(), key, times));
    chains.back().device = devices_[key.device].name;
  }
  std::ranges::stable_sort(chains, std::greater(), &DelayFlowChain::packets);
  return chains;
}

// Which record was lost is not known: up to as many as were lost, the loss explains.
void ReportBuilder::explain_by_loss(const Loss& loss) {
  for (std::size_t i = 0; i < TSCOPE_VANTAGES; i++) {
    const auto vantage = static_cast<Vantage>(i);
    std::uint64_t left = loss.at(vantage).records;
    const auto explain = [&](std::array<std::uint64_t, unmatched_reasons>& counts) {
      for (const Unmatched reason :
           {Unmatched::unexplained, Unmatched::dropped, Unmatched::buffer_full, Unmatched::unread,
            Unmatched::no_stamp}) {
        const std::uint64_t part = std::min(left, count_of(counts, reason));
        count_of(counts, reason) -= part;
        count_of(counts, Unmatched::lost) += part;
        left -= part;
        if (loss.known == Loss::Known::all || reason == Unmatched::no_stamp) continue;
        count_of(counts, Unmatched::unknown) += count_of(counts, reason);
        count_of(counts, reason) = 0;
      }
    };
    for (StageCounts& stage : stages_) {
      if (stage.second == vantage) explain(stage.only_first);
      if (stage.first == vantage) explain(stage.only_second);
    }
  }
}

// Where no packet of a kind was found everywhere, what was found is better than nothing.
void ReportBuilder::add_chains(const Statistics& statistics, bool partial,
                               DelayReport& report) const {
  std::set<std::pair<Way, PacketKind>> told;
  for (const DelayChain& chain : report.chains) told.emplace(chain.way, chain.kind);
  for (const auto& [key, times] : statistics.chains()) {
    const bool wanted_now =
        partial ? std::popcount(key.seen) >= 2 && !told.contains({key.way, key.kind})
                : whole(key.way, key.kind, key.seen);
    if (!wanted_now) continue;
    DelayChain& chain = report.chains.emplace_back(chain_of(key, times));
    chain.partial = partial;
    chain.device = devices_[key.device].name;
    chain.netns = devices_[key.device].netns;
    note_nic_error(chain, report.nics);
  }
}

void ReportBuilder::finish(const Statistics& statistics, DelayReport& report) {
  add_chains(statistics, false, report);
  add_chains(statistics, true, report);
  std::ranges::stable_sort(report.chains, {}, [](const DelayChain& chain) {
    return std::tuple(chain.way, chain.kind, ~chain.packets);
  });
  explain_by_loss(report.loss);
  std::ranges::sort(stages_, {}, [](const StageCounts& stage) {
    return std::tuple(stage.datagrams, stage.way, path_order(stage.first));
  });
  report.stages = std::move(stages_);
  list_flows(report);
}

void ReportBuilder::list_flows(DelayReport& report) {
  std::ranges::sort(flows_, {}, [](const DelayFlow& flow) {
    return std::tuple(~flow.packets_of_all_kinds(), flow.flow, flow.way, flow.netns);
  });
  for (std::size_t at = flows_reported; at < flows_.size(); at++) {
    report.flows_left_out++;
    report.packets_left_out += flows_[at].packets_of_all_kinds();
  }
  if (flows_.size() > flows_reported) flows_.resize(flows_reported);
  report.flows = std::move(flows_);
}

std::uint64_t DelayFlow::packets_of_all_kinds() const {
  return std::accumulate(packets.begin(), packets.end(), std::uint64_t{0});
}

std::uint64_t StageCounts::unmatched() const {
  return std::accumulate(only_first.begin(), only_first.end(), std::uint64_t{0}) +
         std::accumulate(only_second.begin(), only_second.end(), std::uint64_t{0});
}

}  // namespace tscope
