// SPDX-License-Identifier: MIT
#include "record/identity.hpp"

namespace tscope {

namespace {

// The finalizer of SplitMix64 (G. Steele, D. Lea, C. Flood, 2014).
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace

std::uint64_t packet_key(const TcpHeaders& tcp) {
  constexpr std::uint16_t opening = tcp_flag::syn | tcp_flag::fin | tcp_flag::rst;
  const std::uint64_t kind =
      tcp.payload > 0 ? 0x100 : static_cast<std::uint64_t>(tcp.flags & opening);
  const std::uint64_t ack = (tcp.flags & tcp_flag::ack) != 0 ? tcp.ack : 0;
  std::uint64_t key = mixed(FlowHash()(tcp.flow));
  key = mixed(key ^ (std::uint64_t{tcp.seq} << 32 | ack));
  return mixed(key ^ kind);
}

std::uint64_t packet_key(const Datagram& datagram) {
  return mixed(mixed(FlowHash()(datagram.flow)) ^ datagram.key);
}

PacketStamp::PacketStamp(const TcpHeaders& tcp, const Packet& packet, std::uint32_t flow_index)
    : time_ns(packet.time_ns),
      tsc(packet.record.tsc),
      key(packet_key(tcp)),
      flow(flow_index),
      ack(tcp.ack),
      tsval(tcp.tsval),
      tsecr(tcp.tsecr),
      napi_poll(packet.record.napi_poll),
      cpu(packet.record.cpu),
      segs(packet.record.segs),
      ip_id(tcp.ip_id),
      has_timestamps(tcp.has_timestamps),
      real_ip_id((packet.record.flags & TSCOPE_F_SYNTH_IP) == 0 && tcp.flow.src.family == 4 &&
                 packet.record.segs <= 1),
      softirq((packet.record.flags & TSCOPE_F_SOFTIRQ) != 0),
      late(packet.late),
      has_payload(tcp.payload > 0) {
}

PacketStamp::PacketStamp(const Datagram& of, const Packet& packet, std::uint32_t flow_index)
    : time_ns(packet.time_ns),
      tsc(packet.record.tsc),
      key(packet_key(of)),
      flow(flow_index),
      napi_poll(packet.record.napi_poll),
      cpu(packet.record.cpu),
      segs(of.segs),
      ip_id(of.ip_id),
      real_ip_id(of.ip_id != 0 && of.segs <= 1),
      softirq((packet.record.flags & TSCOPE_F_SOFTIRQ) != 0),
      late(packet.late),
      has_payload(of.payload > 0),
      datagram(true),
      numbered(of.icmp) {
}

bool same_packet(const PacketStamp& a, const PacketStamp& b) {
  if (a.key != b.key) return false;
  if (a.has_timestamps && b.has_timestamps && (a.tsval != b.tsval || a.tsecr != b.tsecr)) {
    return false;
  }
  return !a.real_ip_id || !b.real_ip_id || a.ip_id == b.ip_id;
}

bool told_apart(const PacketStamp& a, const PacketStamp& b) {
  return a.numbered || (a.has_timestamps && b.has_timestamps) ||
         (a.real_ip_id && b.real_ip_id && a.ip_id != 0);
}

bool same_poll(const PacketStamp& a, const PacketStamp& b) {
  return a.softirq && b.softirq && a.cpu == b.cpu && a.napi_poll == b.napi_poll;
}

}  // namespace tscope
