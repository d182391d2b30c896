// SPDX-License-Identifier: MIT
#include "analysis/acks/stream.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <tuple>

namespace tscope {

namespace {

bool after(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b) > 0;
}

}  // namespace

// No gap lies across, no number goes on.
void AckStream::interrupt() {
  last_.reset();
  last_data_ns_.reset();
  events.cut();
  last_rtt_ns_.reset();
}

bool AckStream::add(const TcpHeaders& tcp, const Packet& packet, const SentSegments& sent) {
  const bool is_ack = classifier_.is_ack(tcp);
  if ((tcp.flags & tcp_flag::syn) != 0) {  // another connection on the same ports
    interrupt();
    highest_ack_.reset();
    data_.reset();
    delivered_.stretch++;
  }
  if (!is_ack) return false;
  const bool advances = !highest_ack_ || after(tcp.ack, *highest_ack_);
  if (options_.advancing_only && !advances) return false;
  if (advances) highest_ack_ = tcp.ack;

  const tscope_record& record = packet.record;
  const Last now{packet.time_ns,
                 packet.number,
                 record.napi_poll,
                 record.cpu,
                 (record.flags & TSCOPE_F_SOFTIRQ) != 0,
                 (record.flags & TSCOPE_F_POLL_UNKNOWN) != 0};
  if (acks++ == 0) first_ack_ns = packet.time_ns;
  if (record.segs > 1) {
    merged_records++;
    merged_segments += record.segs;
  }
  deliver(tcp, packet, sent);
  // What came late stands in no right place: no gap ends or begins there.
  if (packet.late) {
    interrupt();
    return true;
  }
  if (last_ && now.time_ns >= last_->time_ns) {
    const std::int64_t gap = now.time_ns - last_->time_ns;
    gaps.add(gap);
    if (gap > longest.ns) longest = {gap, last_->time_ns, {last_->number, now.number}};
    unknown_poll_gaps += now.unknown || last_->unknown ? 1 : 0;
    same_poll_gaps +=
        now.softirq && last_->softirq && now.cpu == last_->cpu && now.napi_poll == last_->napi_poll;
  }
  last_ = now;
  return true;
}

// Holds the gap since the last ACK that delivered something against the time that the bottleneck
// needs for what this one delivers.
void AckStream::deliver(const TcpHeaders& tcp, const Packet& packet, const SentSegments& sent) {
  std::array<SackBlock, 4> blocks;
  const std::size_t count = tcp.sack_blocks > 0 ? decode_sack(packet.record, blocks) : 0;
  const Delivery delivery = data_.add(tcp, std::span(blocks).first(count), sent);
  if (delivery.kind == Delivery::Kind::nothing) {
    acks_without_data++;
    return;
  }
  const DeliveredSoFar so_far = delivered_;
  delivered_.add(delivery, sent);
  const std::uint64_t wire_bytes =
      delivered_.wire_bytes(options_.overhead) - so_far.wire_bytes(options_.overhead);
  if (packet.late) return;
  const std::int64_t time = packet.time_ns;
  if (last_data_ns_ && time >= *last_data_ns_) {
    if (delivery.kind == Delivery::Kind::data) {
      const std::int64_t gap = time - *last_data_ns_;
      service.add(gap, wire_bytes);
      events.add({*last_data_ns_, last_data_number_}, {time, packet.number}, wire_bytes);
      if (last_rtt_ns_) released.add(time_per_byte(gap + *last_rtt_ns_ - *rtt_min_ns_, wire_bytes));
    } else {
      gaps_after_hole++;
      events.cut();
    }
  } else {
    events.cut();
  }
  last_data_ns_ = time;
  last_data_number_ = packet.number;
  const auto sent_ns = sent.sent_at(tcp.ack);
  last_rtt_ns_.reset();
  if (sent_ns && time >= *sent_ns) {
    last_rtt_ns_ = time - *sent_ns;
    rtt_min_ns_ = std::min(rtt_min_ns_.value_or(*last_rtt_ns_), *last_rtt_ns_);
  }
  if (options_.rate_bps > 0) {
    excess.add(time, delivered_.ip_bytes - so_far.ip_bytes, options_.rate_bps);
  } else {
    curve.add(time, wire_bytes, echoed.lag(tcp, time), last_rtt_ns_);
  }
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
  made.stream = std::make_unique<AckStream>(interface, options_);
  // A new vantage point may come to stand between two others.
  for (const Member& each : members_) {
    AckStream* before = find_before(*each.stream);
    if (before == each.stream->before) continue;
    each.stream->before = before;
    each.stream->from_before = AckMatcher(options_.overhead);
    const auto source =
        std::ranges::find_if(members_, [&](const Member& m) { return m.stream.get() == before; });
    for (std::size_t i = 0; i < source->recent.size(); i++) {
      each.stream->from_before.at_first(source->recent[i]);
    }
  }
  return made;
}

void AckStreams::add(const TcpHeaders& tcp, const Packet& packet, const Interface& interface,
                     const SentSegments& sent) {
  Member& at = member(interface);
  if (!at.stream->add(tcp, packet, sent)) return;
  acks_++;
  const AckStamp stamp(tcp, packet, at.stream->delivered());
  if (at.stream->before != nullptr) at.stream->from_before.at_second(stamp);
  for (const Member& each : members_) {
    if (each.stream->before == at.stream.get()) each.stream->from_before.at_first(stamp);
  }
  at.recent.push_back(stamp);
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
