// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "analysis/acks_between/flow_stats.hpp"
#include "analysis/acks_between/pair_word.hpp"
#include "analysis/two_captures/two_captures.hpp"
#include "record/flow_filter.hpp"
#include "tscope/analysis/acks_between_report.hpp"

namespace tscope {

namespace {

class Comparison {
 public:
  Comparison(const std::string& first, const std::string& second, const AcksBetweenOptions& options)
      : options_(options),
        captures_(first, second, {options, false, options.acks.advancing_only}) {}

  AcksBetweenReport run();

 private:
  void survey(std::size_t file);
  void choose_rates();
  PairScale scale_of(const Flow& flow) const;
  void compare();
  void add_distributions();

  const AcksBetweenOptions& options_;
  TwoCaptures captures_;
  std::array<std::unique_ptr<AckAnalysis>, 2> analyses_;  // in the order taken
  AcksBetweenReport report_;
};

void Comparison::survey(std::size_t file) {
  AckOptions options = options_.acks;
  options.events = false;  // those of a pair are others
  analyses_[file] = std::make_unique<AckAnalysis>(options);
  AckAnalysis& analysis = *analyses_[file];
  captures_.survey(
      file,
      [&](const Packet& packet, const Interface& interface) { analysis.add(packet, interface); },
      [&](const Source& source) { report_.reports[file] = analysis.finish(source); });
}

// One for both files; inferred nearer the wire rather than behind the hypervisor.
void Comparison::choose_rates() {
  std::map<Flow, double> rates;
  for (const AckReport& report : report_.reports) rates.merge(rates_of(report));
  if (options_.acks.link_rate_bps || rates.empty()) return;
  for (std::size_t i = 0; i < 2; i++) report_.reports[i] = analyses_[i]->with_rates(rates);
}

PairScale Comparison::scale_of(const Flow& flow) const {
  PairScale scale;
  scale.overhead = options_.acks.service_overhead();
  for (const AckReport& report : report_.reports) {
    const auto found = std::ranges::find(report.flows, flow, &AckFlow::flow);
    if (found == report.flows.end() || scale.rate_bps > 0) continue;
    scale.rate_bps = found->vantage_points.front().rate_bps;
    scale.segment_time_ns = found->vantage_points.front().segment_time_ns;
  }
  return scale;
}

void Comparison::compare() {
  const auto& plans = captures_.plans();
  const auto& coverage = captures_.coverage();
  const Alignment& used = captures_.alignment_used();
  FlowFilter filter(options_.acks.flow);
  std::vector<std::unique_ptr<FlowStats>> stats(plans.size());
  for (std::size_t i = 0; i < plans.size(); i++) {
    if (!filter.keeps(plans[i].flow) || !coverage[i][0].any) continue;
    stats[i] = std::make_unique<FlowStats>(plans[i], coverage[i], captures_.resolution_ns(),
                                           scale_of(plans[i].flow));
    if (options_.acks.events) stats[i]->keep_events();
  }

  SideBySide reading = captures_.side_by_side();
  SideBySideEvents events;
  events.match = [&](const PacketMatcher::Match& match) {
    const auto& flow = stats[match.first.flow];
    if (!flow || !match.first.is_ack || !match.second.is_ack) return;
    flow->match(match.first, match.second, used.offset_at(match.first.time_ns));
  };
  events.missing = [&](int file, const PacketStamp& packet) {
    const auto& flow = stats[packet.flow];
    if (flow && packet.is_ack) flow->missing(static_cast<std::size_t>(file), packet);
  };
  events.copy = [&](std::size_t file, const PacketStamp& packet) {
    const auto& flow = stats[packet.flow];
    if (flow && packet.is_ack) flow->copy(file);
  };
  events.arrived = [&](std::size_t file, const PacketStamp& packet) {
    const auto& flow = stats[packet.flow];
    if (!flow) return;
    flow->arrived(packet, file == 1 ? used.offset_at_second(packet.time_ns) : std::nullopt);
  };
  captures_.read(reading, events);

  for (const auto& flow : stats) {
    if (!flow) continue;
    AcksBetween acks_of_flow = flow->finish();
    if (acks_of_flow.matched > 0) report_.flows.push_back(std::move(acks_of_flow));
  }
}

void Comparison::add_distributions() {
  for (AcksBetween& acks : report_.flows) {
    for (auto [point, to] :
         {std::pair{&acks.first, &acks.at_first}, std::pair{&acks.second, &acks.at_second}}) {
      const auto& flows = report_.reports[point->file].flows;
      const auto flow = std::ranges::find(flows, acks.flow, &AckFlow::flow);
      if (flow == flows.end()) continue;
      const auto found =
          std::ranges::find(flow->vantage_points, point->interface, &AckDistribution::interface);
      if (found != flow->vantage_points.end()) *to = *found;
    }
  }
}

AcksBetweenReport Comparison::run() {
  for (std::size_t i = 0; i < 2; i++) survey(i);
  report_.swapped = captures_.take_order();
  report_.why_swapped = captures_.why_swapped();
  if (report_.swapped) {
    std::swap(report_.reports[0], report_.reports[1]);
    std::swap(analyses_[0], analyses_[1]);
  }
  report_.files = captures_.paths();
  report_.has_events = options_.acks.events;
  report_.why_nothing = captures_.why_nothing();
  if (!report_.why_nothing.empty()) return std::move(report_);
  choose_rates();
  captures_.align();
  report_.alignment = captures_.alignment();
  report_.alignment_note = captures_.alignment_note();
  report_.common_packets = captures_.common_packets();
  compare();
  std::ranges::stable_sort(report_.flows, std::greater(), &AcksBetween::matched);
  add_distributions();
  for (AcksBetween& pair : report_.flows) pair.withheld = reasons_to_withhold(pair, report_);
  if (report_.flows.empty()) {
    report_.why_nothing = fmt::format(
        "the captures have {} packets in common, but no ACK{}", report_.common_packets,
        options_.acks.flow ? " of a flow that --flow names; try without it"
                           : " among them; ACKs go against the data: capture both directions");
  }
  return std::move(report_);
}

}  // namespace

AcksBetweenReport acks_between(const std::string& first, const std::string& second,
                               const AcksBetweenOptions& options) {
  return Comparison(first, second, options).run();
}

}  // namespace tscope
