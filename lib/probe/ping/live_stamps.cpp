// SPDX-License-Identifier: MIT
#include "probe/ping/live_stamps.hpp"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sched.h>

#include <algorithm>
#include <utility>

#include "tscope/base/error.hpp"
#include "tscope/record/headers.hpp"

namespace tscope {

namespace {

constexpr std::size_t transport_bytes = 8, stamps_max = 1 << 16;

using Bytes = std::span<const std::uint8_t>;

struct Transport {
  std::uint8_t protocol = 0;
  Bytes bytes;
};

// Probes have no extension headers, so neither are they looked for.
std::optional<Transport> transport_of(Bytes packet) {
  constexpr std::size_t v6_header = 40, v6_next = 6, v4_header = 20, v4_protocol = 9;
  if (packet.size() < v4_header) return std::nullopt;
  const unsigned version = packet[0] >> 4;
  const std::size_t header = version == 6 ? v6_header : (packet[0] & std::size_t{15}) * 4;
  if (packet.size() < header + transport_bytes) return std::nullopt;
  return Transport{packet[version == 6 ? v6_next : v4_protocol], packet.subspan(header)};
}

std::uint32_t get(Bytes bytes, std::size_t at, std::size_t count) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < count; i++) value = value << 8 | bytes[at + i];
  return value;
}

PacketHead head_of(Bytes transport) {
  PacketHead head;
  const Bytes payload = transport.subspan(transport_bytes);
  head.size = std::min(payload.size(), head.bytes.size());
  std::copy_n(payload.begin(), head.size, head.bytes.begin());
  return head;
}

std::optional<LiveStamp> echo_stamp(const Transport& transport, bool reply, std::uint16_t id) {
  const bool v6 = transport.protocol == IPPROTO_ICMPV6;
  if (!v6 && transport.protocol != IPPROTO_ICMP) return std::nullopt;
  const unsigned wanted = v6      ? (reply ? ICMP6_ECHO_REPLY : ICMP6_ECHO_REQUEST)
                          : reply ? ICMP_ECHOREPLY
                                  : ICMP_ECHO;
  if (transport.bytes[0] != wanted || get(transport.bytes, 4, 2) != id) return std::nullopt;
  LiveStamp stamp;
  stamp.key = get(transport.bytes, 6, 2);
  stamp.head = head_of(transport.bytes);
  return stamp;
}

// id: our port. An answer has no number of ours in its first bytes, but they are its own.
std::optional<LiveStamp> datagram_stamp(const Transport& transport, bool reply,
                                        std::uint16_t port) {
  if (transport.protocol != IPPROTO_UDP) return std::nullopt;
  if (get(transport.bytes, reply ? 2 : 0, 2) != port) return std::nullopt;
  LiveStamp stamp;
  stamp.head = head_of(transport.bytes);
  if (!reply && stamp.head.size >= 4) stamp.key = get(stamp.head.bytes, 0, 4);
  return stamp;
}

std::optional<LiveStamp> segment_stamp(const tscope_record& record, bool reply) {
  const auto segment = decode_tcp(record);
  if (!segment) return std::nullopt;
  const auto has = [&](unsigned flags) { return (segment->flags & flags) == flags; };
  const bool wanted = reply ? has(tcp_flag::syn | tcp_flag::ack) || has(tcp_flag::rst)
                            : has(tcp_flag::syn) && !has(tcp_flag::ack);
  if (!wanted) return std::nullopt;
  LiveStamp stamp;
  stamp.key = reply ? segment->flow.dst.port : segment->flow.src.port;
  return stamp;
}

}  // namespace

std::optional<LiveStamp> live_stamp(const tscope_record& record, PingProtocol protocol,
                                    std::uint16_t id) {
  if (record.kind != TSCOPE_PACKET) return std::nullopt;
  const auto vantage = static_cast<Vantage>(record.vantage);
  const bool reply = is_receive(vantage);
  std::optional<LiveStamp> stamp;
  if (protocol == PingProtocol::tcp) {
    stamp = segment_stamp(record, reply);
  } else {
    const std::size_t length = std::min<std::size_t>(record.header_len, TSCOPE_HEADER_MAX);
    const auto transport = transport_of({record.header, length});
    if (!transport) return std::nullopt;
    stamp = protocol == PingProtocol::udp ? datagram_stamp(*transport, reply, id)
                                          : echo_stamp(*transport, reply, id);
  }
  if (stamp) stamp->vantage = vantage;
  return stamp;
}

LiveStamps::LiveStamps(std::unique_ptr<LiveSource> source, PingProtocol protocol, std::uint16_t id)
    : source_(std::move(source)), protocol_(protocol), id_(id) {
  const auto anchors = source_->take_anchors();
  if (anchors.empty()) throw Error("the engine gave no clock anchor; give another --engine");
  realtime_less_raw_ns_ = static_cast<std::int64_t>(anchors.front().realtime_ns) -
                          static_cast<std::int64_t>(anchors.front().monotonic_raw_ns);
  thread_ = std::thread([this] { run(); });
}

LiveStamps::~LiveStamps() {
  ending_ = true;
  if (thread_.joinable()) thread_.join();
}

std::uint64_t LiveStamps::finish() {
  ending_ = true;
  if (thread_.joinable()) thread_.join();
  return source_->loss().lost() + dropped_;
}

void LiveStamps::run() {
  // Batch threads preempt nobody when they wake up.
  const sched_param none{};
  sched_setscheduler(0, SCHED_BATCH, &none);
  bool stopped = false;
  Packet packet;
  while (true) {
    if (ending_ && !stopped) {
      source_->stop();
      stopped = true;
    }
    switch (source_->next(packet)) {
      case Source::Next::end:
        watermark_ns_ = INT64_MAX;
        return;
      case Source::Next::idle:
        source_->take_anchors();
        watermark_ns_ = source_->watermark_ns() - realtime_less_raw_ns_;
        continue;
      case Source::Next::packet:
        break;
    }
    auto stamp = live_stamp(packet.record, protocol_, id_);
    if (!stamp) continue;
    stamp->ns = packet.time_ns - realtime_less_raw_ns_;
    const std::lock_guard lock(mutex_);
    if (stamps_.size() < stamps_max) {
      stamps_.push_back(*stamp);
    } else {
      dropped_++;
    }
  }
}

std::vector<LiveStamp> LiveStamps::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(stamps_, {});
}

}  // namespace tscope
