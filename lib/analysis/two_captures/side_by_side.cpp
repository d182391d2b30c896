// SPDX-License-Identifier: MIT
#include "analysis/two_captures/side_by_side.hpp"

#include <algorithm>
#include <cmath>

namespace tscope {

namespace {

constexpr std::uint64_t progress_every = 1 << 16;

}  // namespace

std::int64_t TickScale::to_ns(std::uint64_t tsc) const {
  const auto ticks = static_cast<double>(static_cast<std::int64_t>(tsc - base_tsc));
  // A damaged file's ticks may be centuries away.
  constexpr double farthest_ns = 0x1p61;
  return base_ns + std::llround(std::clamp(ticks * ns_per_tick, -farthest_ns, farthest_ns));
}

SideBySide::SideBySide(std::array<std::string, 2> paths, const std::vector<FlowPlan>& plans,
                       bool advancing_only, bool datagrams)
    : paths_(std::move(paths)),
      plans_(plans),
      advancing_only_(advancing_only),
      datagrams_(datagrams) {
  for (std::uint32_t i = 0; i < plans.size(); i++) by_flow_[plans[i].flow] = i;
}

void SideBySide::advance(std::size_t file,
                         const std::function<std::int64_t(std::int64_t)>& offset) {
  File& at = files_[file];
  at.over = at.source->next(at.packet) != Source::Next::packet;
  if (at.over) return;
  at.number++;
  at.source->take_anchors();
  if (ticks_) at.packet.time_ns = ticks_->to_ns(at.packet.record.tsc);
  at.common_ns = at.packet.time_ns - (file == 1 ? offset(at.packet.time_ns) : 0);
}

bool SideBySide::is_ack(Known& known, const TcpHeaders& tcp) const {
  if ((tcp.flags & tcp_flag::syn) != 0) known.highest_ack.reset();
  if (!known.classifier.is_ack(tcp)) return false;
  const bool advances =
      !known.highest_ack || static_cast<std::int32_t>(tcp.ack - *known.highest_ack) > 0;
  if (advances) known.highest_ack = tcp.ack;
  return advances || !advancing_only_;
}

// What it sent, and what it says was delivered.
void SideBySide::follow(File& at, const TcpHeaders& tcp, PacketStamp& stamp) {
  Known& known = at.known[stamp.flow];
  known.sent.add(tcp, at.packet);
  const auto other = by_flow_.find(tcp.flow.reversed());
  if (other == by_flow_.end()) return;
  SentSegments& data = at.known[other->second].sent;
  if (tcp.mss > 0) data.limit(tcp.mss);
  if ((tcp.flags & tcp_flag::syn) != 0) {
    known.data.reset();
    known.delivered.stretch++;
  }
  if (!stamp.is_ack) return;
  std::array<SackBlock, 4> blocks;
  const std::size_t count = tcp.sack_blocks > 0 ? decode_sack(at.packet.record, blocks) : 0;
  known.delivered.add(known.data.add(tcp, std::span(blocks).first(count), data), data);
  stamp.delivered = known.delivered;
}

void SideBySide::take(std::size_t file, PacketMatcher& matcher, const SideBySideEvents& events) {
  File& at = files_[file];
  const Interface& interface = at.source->interfaces()[at.packet.interface];
  if (events.packet) events.packet(file, at.packet, interface);
  if (at.packet.record.kind != TSCOPE_PACKET) return;
  const auto tcp = decode_tcp(at.packet.record);
  const auto datagram = !tcp && datagrams_ ? decode_datagram(at.packet.record) : std::nullopt;
  if (!tcp && !datagram) return;
  const auto found = by_flow_.find(tcp ? tcp->flow : datagram->flow);
  if (found == by_flow_.end()) return;
  const FlowPlan& plan = plans_[found->second];
  PacketStamp stamp = tcp ? PacketStamp(*tcp, at.packet, found->second)
                          : PacketStamp(*datagram, at.packet, found->second);
  stamp.number = at.number;
  if (interface == plan.points[file]) {
    const bool copy = at.copies.is_copy(stamp);
    stamp.is_ack = tcp && is_ack(at.known[found->second], *tcp);
    if (tcp && !copy) follow(at, *tcp, stamp);
    if (!copy) {
      matcher.add(static_cast<int>(file), stamp, at.common_ns);
    } else if (events.copy) {
      events.copy(file, stamp);
    }
  } else if (plan.last && file == plan.into() && interface == *plan.last && tcp &&
             tcp->payload == 0 && events.arrived) {
    events.arrived(file, stamp);
  }
}

void SideBySide::read(const std::function<std::int64_t(std::int64_t)>& offset,
                      const SideBySideEvents& events,
                      const std::function<void(std::uint64_t)>& progress) {
  for (std::size_t i = 0; i < files_.size(); i++) {
    files_[i].source = open_file(paths_[i]);
    files_[i].known.assign(plans_.size(), {});
    files_[i].copies = {};
    advance(i, offset);
  }
  PacketMatcher matcher(events.match, events.missing);
  std::uint64_t read = 0;
  while (!files_[0].over || !files_[1].over) {
    const bool first =
        files_[1].over || (!files_[0].over && files_[0].common_ns <= files_[1].common_ns);
    const std::size_t file = first ? 0 : 1;
    take(file, matcher, events);
    advance(file, offset);
    if (++read % progress_every == 0 && progress) progress(read);
  }
  matcher.finish();
}

}  // namespace tscope
