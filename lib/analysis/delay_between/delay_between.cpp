// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "analysis/delay/packet_follower.hpp"
#include "analysis/delay_between/joiner.hpp"
#include "record/flow_filter.hpp"
#include "tscope/analysis/delay_between_report.hpp"
#include "tscope/file/file_source.hpp"

namespace tscope {

namespace {

DelayReport alone(const std::string& file, const DelayOptions& options) {
  DelayAnalysis analysis(options);
  const auto source = open_file(file);
  Packet packet;
  while (source->next(packet) == Source::Next::packet) {
    analysis.add(packet, source->interfaces()[packet.interface]);
  }
  return analysis.finish(*source);
}

// A NIC's stamp lies beyond the records that are compared.
void join(const TwoCaptures& captures, DelayOptions options, DelayBetweenReport& report) {
  options.hardware = false;
  std::vector<bool> is_wanted;
  FlowFilter filter(options.flow);
  for (const FlowPlan& plan : captures.plans()) is_wanted.push_back(filter.keeps(plan.flow));
  Joiner joiner(captures);
  const auto joined = [&joiner](std::size_t file) {
    return [&joiner, file](Way way, const Unit& unit) { joiner.add(file, way, unit); };
  };
  std::array followers{PacketFollower(options, joined(0)), PacketFollower(options, joined(1))};
  SideBySideEvents events;
  events.packet = [&](std::size_t file, const Packet& packet, const Interface& interface) {
    followers[file].add(packet, interface);
  };
  events.match = [&](const PacketMatcher::Match& match) {
    if (is_wanted[match.first.flow]) joiner.match(match);
  };
  events.missing = [&](int file, const PacketStamp& packet) {
    if (is_wanted[packet.flow]) joiner.missing(static_cast<std::size_t>(file), packet);
  };
  events.copy = [&](std::size_t file, const PacketStamp& packet) {
    if (is_wanted[packet.flow]) joiner.copy(file, packet);
  };
  SideBySide reading = captures.side_by_side();
  captures.read(reading, events);
  for (std::size_t file = 0; file < 2; file++) {
    report.reports[file] = followers[file].finish(reading.source(file));
  }
  joiner.finish(report);
}

}  // namespace

DelayBetweenReport delays_between(const std::string& first, const std::string& second,
                                  const DelayBetweenOptions& options) {
  TwoCaptures captures(first, second, {options, true, false});
  DelayBetweenReport report;
  for (std::size_t file = 0; file < 2; file++) captures.survey(file, {}, [](const Source&) {});
  report.swapped = captures.take_order();
  report.why_swapped = captures.why_swapped();
  report.files = captures.paths();
  report.why_nothing = captures.why_nothing();
  if (!report.why_nothing.empty()) {
    for (std::size_t file = 0; file < 2; file++) {
      report.reports[file] = alone(report.files[file], options.delay);
    }
    return report;
  }
  captures.align();
  report.alignment = captures.alignment();
  report.alignment_note = captures.alignment_note();
  report.common_packets = captures.common_packets();
  join(captures, options.delay, report);
  if (!report.chains.empty()) return report;
  report.why_nothing =
      report.counts.empty() && options.delay.flow
          ? fmt::format(
                "none of their {} common packets is of a flow that --flow names; try "
                "without it",
                report.common_packets)
          : fmt::format(
                "of their {} common packets none was found at every vantage point of its "
                "machine; see tscope delay of each file for why",
                report.common_packets);
  return report;
}

}  // namespace tscope
