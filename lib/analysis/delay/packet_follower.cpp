// SPDX-License-Identifier: MIT
#include "analysis/delay/packet_follower.hpp"

#include <algorithm>
#include <map>
#include <variant>

#include "analysis/delay/absences.hpp"
#include "analysis/delay/flow_table.hpp"
#include "analysis/delay/nic_stamps.hpp"
#include "analysis/delay/reorder.hpp"
#include "analysis/delay/report_builder.hpp"
#include "record/flow_filter.hpp"

namespace tscope {

namespace {

constexpr std::size_t devices_max = 1024;
// A record of segments is no longer than this (BIG TCP included); a longer range is no segment's.
constexpr std::uint32_t segment_range_max = 1 << 20;

// A file may have any times: those that differ by more than 64 bits hold are brought nearer.
std::int64_t within_reach(std::int64_t time_ns) {
  constexpr std::int64_t reach = INT64_MAX / 2;
  return std::clamp(time_ns, -reach, reach);
}

bool is_at_driver(Place place) {
  return place.at == (place.way == Way::send ? out::driver : in::driver);
}

}  // namespace

struct PacketFollower::Impl {
  explicit Impl(DelayOptions given) : options(std::move(given)), filter(options.flow) {}

  struct Record {
    Place place;
    std::uint16_t device;
    std::uint32_t netns;
    FlowGroup* group;  // null for a datagram's send call, which may not know its source
    std::variant<Segment, Datagram> what;
    bool tcp() const { return std::holds_alternative<Segment>(what); }
  };

  FlowGroup* group_of(FlowTable& table, const Flow& flow, const Packet& packet);
  std::uint16_t device_of(const Interface& interface, std::uint32_t netns);
  std::optional<Record> decode(const Packet& packet, const Interface& interface, Place place);
  void note_socket(const Record& record);
  std::uint64_t nic_key_of(const Record& record) const;
  void match(const Record& record);
  void note_end(const Record& record, const Segment& segment);

  DelayOptions options;
  FlowFilter filter;
  DatagramCalls calls;
  std::vector<ReportBuilder::Device> devices;
  std::map<std::pair<std::string, std::uint32_t>, std::uint16_t> device_numbers;
  Captured captured;
  Statistics statistics{options.per_flow};
  WaitingBudget budget;
  FinishedFlows finished;
  Shared shared{statistics, budget, captured, calls};
  FlowTable flows{false, DelayAnalysis::max_flows, shared, finished};
  FlowTable datagram_flows{true, DelayAnalysis::max_flows, shared, finished};
  NicStampTable nic_stamps;
  Reorder<Record> reorder;
  std::int64_t newest_ns = INT64_MIN / 2;
  DelayReport counts;
};

FlowGroup* PacketFollower::Impl::group_of(FlowTable& table, const Flow& flow,
                                          const Packet& packet) {
  if (table.known(flow) == nullptr && !filter.keeps(flow)) return nullptr;
  FlowGroup* group = table.group(flow, packet.time_ns);
  if (group == nullptr) counts.untracked_flows++;
  return group;
}

// Two namespaces may have devices of one name.
std::uint16_t PacketFollower::Impl::device_of(const Interface& interface, std::uint32_t netns) {
  const std::pair key(interface.device, netns);
  const auto found = device_numbers.find(key);
  if (found != device_numbers.end()) return found->second;
  if (devices.size() == devices_max) return devices_max - 1;
  const auto number = static_cast<std::uint16_t>(devices.size());
  devices.push_back({interface.device, netns});
  device_numbers.emplace(key, number);
  return number;
}

std::optional<PacketFollower::Impl::Record> PacketFollower::Impl::decode(const Packet& packet,
                                                                         const Interface& interface,
                                                                         Place place) {
  const std::uint32_t netns = packet.record.netns;
  const std::uint16_t device = device_of(interface, netns);
  if (const auto tcp = decode_tcp(packet.record)) {
    Segment segment(*tcp, packet);
    segment.stamp.number = counts.records;
    const bool call = interface.vantage == Vantage::app_tx || interface.vantage == Vantage::app_rx;
    if (!call && segment.range > segment_range_max) return std::nullopt;
    FlowGroup* group = group_of(flows, tcp->flow, packet);
    if (group == nullptr) return std::nullopt;
    return Record{place, device, netns, group, segment};
  }
  auto datagram = datagram_of(packet);
  if (!datagram) return std::nullopt;
  datagram->stamp.number = counts.records;
  counts.fragments += datagram->fragment ? 1 : 0;
  FlowGroup* group = nullptr;
  if (interface.vantage != Vantage::app_tx) {
    group = group_of(datagram_flows, datagram->flow, packet);
    if (group == nullptr) return std::nullopt;
  }
  return Record{place, device, netns, group, *datagram};
}

void PacketFollower::Impl::note_socket(const Record& record) {
  const unsigned here = 1U << record.place.at;
  if (record.group != nullptr &&
      (socket_places[static_cast<std::size_t>(record.place.way)] & here) != 0) {
    record.group->note_socket(record.place.way, record.netns);
  }
}

std::uint64_t PacketFollower::Impl::nic_key_of(const Record& record) const {
  return std::visit(
      [&](const auto& packet) {
        return nic_key(record.group, record.place.way, record.device, packet);
      },
      record.what);
}

// A direction that has ended makes room for others, and a reset closes the sockets of both ends.
void PacketFollower::Impl::note_end(const Record& record, const Segment& segment) {
  const Flow& flow = record.group->flow();
  if (segment.syn) flows.reopen(flow);
  if (segment.fin || segment.rst) flows.close(flow);
  if (!segment.rst) return;
  flows.close(flow.reversed());
  FlowGroup* reverse = flows.known(flow.reversed());
  if (reverse == nullptr || record.place.way != Way::send) return;
  for (const auto& track : reverse->tracks()) {
    if (track->netns() == record.netns) track->socket_gone(segment.stamp.time_ns);
  }
}

void PacketFollower::Impl::match(const Record& given) {
  Record record = given;
  const Place place = record.place;
  if (record.group == nullptr) return calls.add(std::get<Datagram>(record.what));
  if (is_at_driver(place)) {
    std::visit(
        [&](auto& packet) { packet.nic = nic_stamps.take(nic_key_of(record), packet.stamp); },
        record.what);
  }
  FlowGroup& group = *record.group;
  Track& track = group.track(place.way, record.netns, shared);
  std::visit([&](const auto& packet) { track.add(place, record.device, packet); }, record.what);
  (record.tcp() ? flows : datagram_flows).let_go(group);
  if (const auto* segment = std::get_if<Segment>(&record.what)) note_end(record, *segment);
}

PacketFollower::PacketFollower(DelayOptions options, OnUnit on_unit)
    : impl_(std::make_unique<Impl>(std::move(options))) {
  impl_->statistics.follow(std::move(on_unit));
}
PacketFollower::~PacketFollower() = default;

void PacketFollower::add(const Packet& packet, const Interface& interface) {
  if (packet.time_ns != within_reach(packet.time_ns)) {
    Packet other = packet;
    other.time_ns = within_reach(packet.time_ns);
    return add(other, interface);
  }
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
  impl.captured.add(*place, !record->tcp(), packet.time_ns);
  impl.note_socket(*record);
  if (hardware) {
    // It waits for the record at the driver, which is held back for long enough.
    std::visit([&](const auto& what) { impl.nic_stamps.add(impl.nic_key_of(*record), what.stamp); },
               record->what);
    return;
  }
  if (impl.nic_stamps.any() && is_at_driver(*place)) {
    impl.nic_stamps.expect(impl.nic_key_of(*record), packet.time_ns);
  }
  impl.newest_ns = std::max(impl.newest_ns, packet.time_ns);
  if (record->group != nullptr) {
    (record->tcp() ? impl.flows : impl.datagram_flows).hold(*record->group);
  }
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
  report.census = source.census();
  report.clock = source.clock();
  report.nics = source.nic_stamps();
  report.unclaimed_nic_stamps = impl.nic_stamps.unclaimed();
  report.truncated = source.truncated();
  report.per_flow = impl.options.per_flow;
  // The capture may have run on for long behind its last packet.
  const std::int64_t end_ns =
      std::max(impl.newest_ns, within_reach(report.clock.end_ns.value_or(INT64_MIN)));
  impl.flows.finish(end_ns);
  impl.datagram_flows.finish(end_ns);
  ReportBuilder builder(impl.captured, impl.devices);
  builder.add(std::move(impl.finished), report);
  builder.finish(impl.statistics, report);
  report.silent = silent_vantages(source.facts(), impl.captured, report.flows);
  return report;
}

}  // namespace tscope
