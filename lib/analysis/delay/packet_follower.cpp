// SPDX-License-Identifier: MIT
#include "analysis/delay/packet_follower.hpp"

#include <algorithm>
#include <unordered_map>
#include <variant>

#include "analysis/delay/datagram_matcher.hpp"
#include "analysis/delay/nic_stamps.hpp"
#include "analysis/delay/receive_matcher.hpp"
#include "analysis/delay/reorder.hpp"
#include "analysis/delay/report_builder.hpp"
#include "analysis/delay/send_matcher.hpp"
#include "record/flow_filter.hpp"

namespace tscope {

namespace {

constexpr std::size_t devices_max = 1024;
// A record of segments is no longer than this (BIG TCP included); a longer range is no segment's.
constexpr std::uint32_t segment_range_max = 1 << 20;

bool is_at_driver(Place place) {
  return place.at == (place.way == Way::send ? out::driver : in::driver);
}

struct TcpFlow {
  TcpFlow(Statistics& statistics, WaitingBudget& budget, const Captured& captured)
      : sending(statistics, budget, captured), receiving(statistics, budget, captured) {}

  SequenceLine line;
  SendMatcher sending;
  ReceiveMatcher receiving;
};

struct DatagramFlow {
  DatagramFlow(Statistics& statistics, WaitingBudget& budget, const Captured& captured,
               DatagramCalls& calls)
      : sending(Way::send, statistics, budget, captured, calls),
        receiving(Way::receive, statistics, budget, captured, calls) {}

  DatagramMatcher sending, receiving;
};

}  // namespace

struct PacketFollower::Impl {
  explicit Impl(DelayOptions given) : options(std::move(given)), filter(options.flow) {}

  struct TcpRecord {
    TcpFlow* flow;
    Segment segment;
    Segment& packet() { return segment; }
    const Segment& packet() const { return segment; }
  };
  struct DatagramRecord {
    DatagramFlow* flow;  // null for a send call, which may not know its source
    Datagram datagram;
    Datagram& packet() { return datagram; }
    const Datagram& packet() const { return datagram; }
  };
  struct Record {
    Place place;
    std::uint16_t device;
    std::variant<TcpRecord, DatagramRecord> what;
  };

  template <typename Flows, typename... Arguments>
  typename Flows::mapped_type* flow_of(Flows& of, const Flow& flow, Arguments&... arguments);
  std::uint16_t device_of(const Interface& interface);
  std::optional<Record> decode(const Packet& packet, const Interface& interface, Place place);
  void keep_nic_stamp(const Record& record);
  void expect_nic_stamp(const Record& record);
  void match(const Record& record);
  void match(Place place, std::uint16_t device, const TcpRecord& record);
  void match(Place place, std::uint16_t device, const DatagramRecord& record);

  DelayOptions options;
  FlowFilter filter;
  std::unordered_map<Flow, TcpFlow, FlowHash> flows;
  std::unordered_map<Flow, DatagramFlow, FlowHash> datagram_flows;
  DatagramCalls calls;
  std::vector<std::string> devices;
  std::unordered_map<std::string, std::uint16_t> device_numbers;
  Captured captured;
  Statistics statistics{options.per_flow};
  WaitingBudget budget;
  NicStampTable nic_stamps;
  Reorder<Record> reorder;
  std::int64_t newest_ns = INT64_MIN / 2;
  DelayReport counts;
};

template <typename Flows, typename... Arguments>
typename Flows::mapped_type* PacketFollower::Impl::flow_of(Flows& of, const Flow& flow,
                                                           Arguments&... arguments) {
  const auto found = of.find(flow);
  if (found != of.end()) return &found->second;
  if (!filter.keeps(flow)) return nullptr;
  if (of.size() >= DelayAnalysis::max_flows) {
    counts.untracked_flows++;
    return nullptr;
  }
  return &of.try_emplace(flow, arguments...).first->second;
}

std::uint16_t PacketFollower::Impl::device_of(const Interface& interface) {
  const auto found = device_numbers.find(interface.device);
  if (found != device_numbers.end()) return found->second;
  if (devices.size() == devices_max) return devices_max - 1;
  const auto number = static_cast<std::uint16_t>(devices.size());
  devices.push_back(interface.device);
  device_numbers.emplace(interface.device, number);
  return number;
}

std::optional<PacketFollower::Impl::Record> PacketFollower::Impl::decode(const Packet& packet,
                                                                         const Interface& interface,
                                                                         Place place) {
  const std::uint16_t device = device_of(interface);
  if (const auto tcp = decode_tcp(packet.record)) {
    Segment segment(*tcp, packet);
    segment.stamp.number = counts.records;
    const bool call = interface.vantage == Vantage::app_tx || interface.vantage == Vantage::app_rx;
    if (!call && segment.range > segment_range_max) return std::nullopt;
    TcpFlow* flow = flow_of(flows, tcp->flow, statistics, budget, captured);
    if (flow == nullptr) return std::nullopt;
    return Record{place, device, TcpRecord{flow, segment}};
  }
  auto datagram = datagram_of(packet);
  if (!datagram) return std::nullopt;
  datagram->stamp.number = counts.records;
  if (interface.vantage == Vantage::app_tx) {
    return Record{place, device, DatagramRecord{nullptr, *datagram}};
  }
  DatagramFlow* flow = flow_of(datagram_flows, datagram->flow, statistics, budget, captured, calls);
  if (flow == nullptr) return std::nullopt;
  return Record{place, device, DatagramRecord{flow, *datagram}};
}

// It waits for the record at the driver, which is held back for long enough.
void PacketFollower::Impl::keep_nic_stamp(const Record& record) {
  std::visit(
      [&](const auto& what) {
        nic_stamps.add(nic_key(what.flow, record.place.way, record.device, what.packet()),
                       what.packet().stamp);
      },
      record.what);
}

void PacketFollower::Impl::expect_nic_stamp(const Record& record) {
  std::visit(
      [&](const auto& what) {
        nic_stamps.expect(nic_key(what.flow, record.place.way, record.device, what.packet()),
                          what.packet().stamp.time_ns);
      },
      record.what);
}

void PacketFollower::Impl::match(const Record& record) {
  const Place place = record.place;
  const bool at_driver = is_at_driver(place);
  std::visit(
      [&](auto what) {
        auto& packet = what.packet();
        if (at_driver) {
          packet.nic =
              nic_stamps.take(nic_key(what.flow, place.way, record.device, packet), packet.stamp);
        }
        match(place, record.device, what);
      },
      record.what);
}

void PacketFollower::Impl::match(Place place, std::uint16_t device, const TcpRecord& record) {
  TcpFlow& flow = *record.flow;
  Segment segment = record.segment;
  if (!flow.line.same_connection(segment)) {
    flow.sending.finish(segment.stamp.time_ns);
    flow.receiving.finish(segment.stamp.time_ns);
    flow.line.reset();
  }
  flow.line.place(segment);
  switch (vantage_at(place.way, place.at)) {
    case Vantage::app_tx:
      return flow.sending.add_call(segment);
    case Vantage::driver_rx:
      return flow.receiving.add_frame(device, segment);
    case Vantage::socket_rx:
      return flow.receiving.add_segment(device, segment);
    case Vantage::app_rx:
      return flow.receiving.add_read(segment);
    default:
      return flow.sending.add(place.at, device, segment);
  }
}

void PacketFollower::Impl::match(Place place, std::uint16_t device, const DatagramRecord& record) {
  if (record.flow == nullptr) {
    calls.add(record.datagram);
  } else {
    DatagramFlow& flow = *record.flow;
    (place.way == Way::send ? flow.sending : flow.receiving).add(place.at, device, record.datagram);
  }
}

PacketFollower::PacketFollower(DelayOptions options, OnUnit on_unit)
    : impl_(std::make_unique<Impl>(std::move(options))) {
  impl_->statistics.follow(std::move(on_unit));
}
PacketFollower::~PacketFollower() = default;

void PacketFollower::add(const Packet& packet, const Interface& interface) {
  Impl& impl = *impl_;
  impl.counts.records++;
  const auto place = place_of(interface.vantage);
  if (!place || packet.record.kind != TSCOPE_PACKET) return;
  const bool hardware = is_hardware(interface.vantage);
  if (hardware && !impl.options.hardware) return;
  const bool at_call = interface.vantage == Vantage::app_rx || interface.vantage == Vantage::app_tx;
  if ((packet.record.flags & TSCOPE_F_ULP) != 0) {
    if (at_call && is_receive(interface.vantage)) {
      impl.counts.foreign_calls++;
      return;
    }
    impl.counts.foreign_segments += at_call ? 0 : 1;
  }
  impl.counts.mptcp_segments += (packet.record.flags & TSCOPE_F_MPTCP) != 0 && !at_call ? 1 : 0;
  if ((packet.record.flags & TSCOPE_F_PEEK) != 0) {
    impl.counts.peeks++;
    return;
  }
  const auto record = impl.decode(packet, interface, *place);
  if (!record) return;
  impl.counts.used++;
  impl.captured.add(*place, std::holds_alternative<Impl::DatagramRecord>(record->what),
                    packet.time_ns);
  if (hardware) {
    impl.keep_nic_stamp(*record);
    return;
  }
  if (impl.nic_stamps.any() && is_at_driver(*place)) impl.expect_nic_stamp(*record);
  impl.newest_ns = std::max(impl.newest_ns, packet.time_ns);
  impl.reorder.add(packet.time_ns, place->at, *record,
                   [&](const Impl::Record& next) { impl.match(next); });
}

DelayReport PacketFollower::finish(const Source& source) {
  Impl& impl = *impl_;
  impl.reorder.flush([&](const Impl::Record& record) { impl.match(record); });
  DelayReport report = impl.counts;
  report.other_flows = impl.filter.left_out();
  report.loss = source.loss();
  report.counter_check = source.counter_check();
  report.clock = source.clock();
  report.nics = source.nic_stamps();
  report.unclaimed_nic_stamps = impl.nic_stamps.unclaimed();
  report.truncated = source.truncated();
  report.per_flow = impl.options.per_flow;
  ReportBuilder builder(impl.captured, impl.devices);
  const auto add = [&](const Flow& key, const Outcomes& outcomes, bool datagrams, bool has_socket) {
    const bool tells = std::ranges::any_of(outcomes.counts(), [&](const auto& entry) {
      return impl.captured.socket(outcomes.way(), entry.first.kind);
    });
    if (has_socket || !tells) {
      return builder.add(key, datagrams, outcomes);
    }
    for (const auto& [outcome, count] : outcomes.counts()) report.forwarded += count;
  };
  for (auto& [key, flow] : impl.flows) {
    flow.sending.finish(impl.newest_ns);
    flow.receiving.finish(impl.newest_ns);
    add(key, flow.sending.outcomes(), false, flow.sending.from_socket());
    add(key, flow.receiving.outcomes(), false, flow.receiving.to_socket());
  }
  for (auto& [key, flow] : impl.datagram_flows) {
    flow.sending.finish(impl.newest_ns);
    flow.receiving.finish(impl.newest_ns);
    add(key, flow.sending.outcomes(), true, flow.sending.has_socket());
    add(key, flow.receiving.outcomes(), true, flow.receiving.has_socket());
  }
  builder.finish(impl.statistics, report);
  return report;
}

}  // namespace tscope
