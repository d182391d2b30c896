// SPDX-License-Identifier: MIT
#include "analysis/acks/stream.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

namespace tscope {

namespace {

bool after(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b) > 0;
}

}  // namespace

bool AckStream::add(const TcpHeaders& tcp, const Packet& packet) {
  const bool is_ack = classifier_.is_ack(tcp);
  if ((tcp.flags & tcp_flag::syn) != 0) {
    // Another connection on the same ports: no gap lies across, no number goes on.
    last_.reset();
    highest_ack_.reset();
  }
  if (!is_ack) return false;
  const bool advances = !highest_ack_ || after(tcp.ack, *highest_ack_);
  if (advancing_only_ && !advances) return false;
  const std::uint32_t acked = advances && highest_ack_ ? tcp.ack - *highest_ack_ : 0;
  if (advances) highest_ack_ = tcp.ack;

  const tscope_record& record = packet.record;
  const Last now{packet.time_ns, record.napi_poll, record.cpu,
                 (record.flags & TSCOPE_F_SOFTIRQ) != 0,
                 (record.flags & TSCOPE_F_POLL_UNKNOWN) != 0};
  if (acks++ == 0) first_ack_ns = packet.time_ns;
  if (record.segs > 1) {
    merged_records++;
    merged_segments += record.segs;
  }
  // What came late stands in no right place: no gap ends or begins there.
  if (packet.late) {
    last_.reset();
    return true;
  }
  if (last_ && now.time_ns >= last_->time_ns) {
    gaps.add(now.time_ns - last_->time_ns, acked);
    unknown_poll_gaps += now.unknown || last_->unknown ? 1 : 0;
    same_poll_gaps +=
        now.softirq && last_->softirq && now.cpu == last_->cpu && now.napi_poll == last_->napi_poll;
  }
  last_ = now;
  return true;
}

// The nearest vantage point before `stream` on the same way, on its own device if there is one.
AckStream* AckStreams::find_before(const AckStream& stream) const {
  AckStream* best = nullptr;
  for (const Member& member : members_) {
    AckStream& other = *member.stream;
    if (is_receive(other.vantage()) != is_receive(stream.vantage()) ||
        path_order(other.vantage()) >= path_order(stream.vantage())) {
      continue;
    }
    const bool own_device = other.interface().device == stream.interface().device;
    const bool nearer =
        best == nullptr || path_order(other.vantage()) > path_order(best->vantage());
    if (nearer || (other.vantage() == best->vantage() && own_device)) best = &other;
  }
  return best;
}

AckStreams::Member& AckStreams::member(const Interface& interface) {
  const auto found = std::ranges::find_if(
      members_, [&](const Member& m) { return m.stream->interface() == interface; });
  if (found != members_.end()) return *found;
  Member& made = members_.emplace_back();
  made.stream = std::make_unique<AckStream>(interface, segment_time_ns_, advancing_only_);
  // A new vantage point may come to stand between two others.
  for (const Member& each : members_) {
    AckStream* before = find_before(*each.stream);
    if (before == each.stream->before) continue;
    each.stream->before = before;
    each.stream->from_before = AckMatcher(segment_time_ns_);
    const auto source =
        std::ranges::find_if(members_, [&](const Member& m) { return m.stream.get() == before; });
    for (const AckStamp& stamp : source->recent) each.stream->from_before.at_first(stamp);
  }
  return made;
}

void AckStreams::add(const TcpHeaders& tcp, const Packet& packet, const Interface& interface) {
  Member& at = member(interface);
  if (!at.stream->add(tcp, packet)) return;
  acks_++;
  const AckStamp stamp(tcp, packet);
  if (at.stream->before != nullptr) at.stream->from_before.at_second(stamp);
  for (const Member& each : members_) {
    if (each.stream->before == at.stream.get()) each.stream->from_before.at_first(stamp);
  }
  at.recent.push_back(stamp);
  if (at.recent.size() > recent_max) at.recent.pop_front();
}

std::vector<const AckStream*> AckStreams::in_path_order() const {
  constexpr auto never = std::numeric_limits<std::int64_t>::max();
  std::int64_t first_received = never, first_sent = never;
  bool built_here = false;
  std::vector<const AckStream*> streams;
  for (const Member& each : members_) {
    const AckStream& stream = *each.stream;
    if (stream.acks == 0) continue;
    streams.push_back(&stream);
    std::int64_t& first = is_receive(stream.vantage()) ? first_received : first_sent;
    first = std::min(first, stream.first_ack_ns);
    built_here = built_here || stream.vantage() == Vantage::socket_tx;
  }
  const bool sent_first = built_here || first_sent < first_received;
  const auto place = [&](const AckStream* s) {
    return std::tuple(is_receive(s->vantage()) == sent_first, path_order(s->vantage()),
                      s->first_ack_ns, s->interface().device);
  };
  std::ranges::sort(streams, {}, place);
  return streams;
}

}  // namespace tscope
