// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "delay/receive_matcher.hpp"
#include "delay/reorder.hpp"
#include "delay/report_builder.hpp"
#include "delay/send_matcher.hpp"
#include "tscope/delay_report.hpp"

namespace tscope {

namespace {

constexpr std::size_t devices_max = 1024;
// A record of segments is no longer than this (BIG TCP included); a longer range is no segment's.
constexpr std::uint32_t segment_range_max = 1 << 20;

struct TcpFlow {
  TcpFlow(Statistics& statistics, WaitingBudget& budget)
      : sending(statistics, budget), receiving(statistics, budget) {}

  SequenceLine line;
  SendMatcher sending;
  ReceiveMatcher receiving;
};

}  // namespace

struct DelayAnalysis::Impl {
  explicit Impl(DelayOptions given) : options(std::move(given)) {}

  struct Record {
    TcpFlow* flow;
    Place place;
    std::uint16_t device;
    Segment segment;
  };

  bool wanted(const Flow& flow);
  TcpFlow* flow_of(const Flow& flow);
  std::uint16_t device_of(const Interface& interface);
  void match(const Record& record);

  DelayOptions options;
  std::unordered_map<Flow, TcpFlow, FlowHash> flows;
  std::unordered_set<Flow, FlowHash> unwanted;
  std::vector<std::string> devices;
  std::unordered_map<std::string, std::uint16_t> device_numbers;
  Captured captured;
  Statistics statistics;
  WaitingBudget budget;
  Reorder<Record> reorder;
  std::int64_t newest_ns = INT64_MIN / 2;
  DelayReport counts;
};

bool DelayAnalysis::Impl::wanted(const Flow& flow) {
  if (!options.flow) return true;
  if (unwanted.contains(flow)) return false;
  const std::string text = fmt::format("{} > {}", flow.src.to_string(), flow.dst.to_string());
  if (text.find(*options.flow) != std::string::npos) return true;
  if (unwanted.size() < max_flows) unwanted.insert(flow);
  return false;
}

TcpFlow* DelayAnalysis::Impl::flow_of(const Flow& flow) {
  const auto found = flows.find(flow);
  if (found != flows.end()) return &found->second;
  if (!wanted(flow)) {
    counts.other_flows++;
    return nullptr;
  }
  if (flows.size() >= max_flows) {
    counts.untracked_flows++;
    return nullptr;
  }
  return &flows.try_emplace(flow, statistics, budget).first->second;
}

std::uint16_t DelayAnalysis::Impl::device_of(const Interface& interface) {
  const auto found = device_numbers.find(interface.device);
  if (found != device_numbers.end()) return found->second;
  if (devices.size() == devices_max) return devices_max - 1;
  const auto number = static_cast<std::uint16_t>(devices.size());
  devices.push_back(interface.device);
  device_numbers.emplace(interface.device, number);
  return number;
}

void DelayAnalysis::Impl::match(const Record& record) {
  TcpFlow& flow = *record.flow;
  Segment segment = record.segment;
  if (!flow.line.same_connection(segment)) {
    flow.sending.finish(segment.stamp.time_ns);
    flow.receiving.finish(segment.stamp.time_ns);
    flow.line.reset();
  }
  flow.line.place(segment);
  switch (vantage_at(record.place.way, record.place.at)) {
    case Vantage::app_tx:
      return flow.sending.add_call(segment);
    case Vantage::driver_rx:
      return flow.receiving.add_frame(record.device, segment);
    case Vantage::socket_rx:
      return flow.receiving.add_segment(record.device, segment);
    case Vantage::app_rx:
      return flow.receiving.add_read(segment);
    default:
      return flow.sending.add(record.place.at, record.device, segment);
  }
}

DelayAnalysis::DelayAnalysis(DelayOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {
}
DelayAnalysis::~DelayAnalysis() = default;

void DelayAnalysis::add(const Packet& packet, const Interface& interface) {
  Impl& impl = *impl_;
  impl.counts.records++;
  const auto place = place_of(interface.vantage);
  if (!place || packet.record.kind != TSCOPE_PACKET) return;
  if ((packet.record.flags & TSCOPE_F_PEEK) != 0) {
    impl.counts.peeks++;
    return;
  }
  const auto tcp = decode_tcp(packet.record);
  if (!tcp) return;
  const Segment segment(*tcp, packet);
  const bool call = interface.vantage == Vantage::app_tx || interface.vantage == Vantage::app_rx;
  if (!call && segment.range > segment_range_max) return;
  TcpFlow* flow = impl.flow_of(tcp->flow);
  if (flow == nullptr) return;
  impl.counts.used++;
  impl.captured.add(*place, false);
  impl.newest_ns = std::max(impl.newest_ns, packet.time_ns);
  impl.reorder.add(packet.time_ns, place->at,
                   Impl::Record{flow, *place, impl.device_of(interface), segment},
                   [&](const Impl::Record& record) { impl.match(record); });
}

DelayReport DelayAnalysis::finish(const Source& source) {
  Impl& impl = *impl_;
  impl.reorder.flush([&](const Impl::Record& record) { impl.match(record); });
  DelayReport report = impl.counts;
  report.loss = source.loss();
  report.clock = source.clock();
  report.truncated = source.truncated();
  ReportBuilder builder(impl.captured);
  for (auto& [key, flow] : impl.flows) {
    flow.sending.finish(impl.newest_ns);
    flow.receiving.finish(impl.newest_ns);
    const auto add = [&](const Outcomes& outcomes, bool has_socket) {
      if (has_socket || !impl.captured.socket(outcomes.way())) {
        return builder.add(key, false, outcomes);
      }
      for (const auto& [outcome, count] : outcomes.counts()) report.forwarded += count;
    };
    add(flow.sending.outcomes(), flow.sending.from_socket());
    add(flow.receiving.outcomes(), flow.receiving.to_socket());
  }
  builder.finish(impl.statistics, impl.devices, report);
  return report;
}

std::string why_no_delays(const DelayReport& report) {
  if (report.records == 0) return "the file holds no packets; did the port match any traffic?";
  if (report.other_flows > 0 && report.used == 0) {
    return fmt::format("none of its {} TCP records is of a flow that --flow names; try without it",
                       report.other_flows);
  }
  if (report.used == 0) {
    return "its packets have no vantage points (another program's capture?); use tscope capture "
           "--at app,socket,qdisc,driver";
  }
  return "no packet was found at two vantage points; capture more of them (--at "
         "app,socket,qdisc,driver)";
}

}  // namespace tscope
