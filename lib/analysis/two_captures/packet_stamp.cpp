// SPDX-License-Identifier: MIT
#include "analysis/two_captures/packet_stamp.hpp"

#include <algorithm>

namespace tscope {

PacketStamp::PacketStamp(const PacketIdentity& who, const Packet& packet, std::uint32_t flow_index)
    : identity(who),
      time_ns(packet.time_ns),
      tsc(packet.record.tsc),
      flow(flow_index),
      napi_poll(packet.record.napi_poll),
      cpu(packet.record.cpu),
      segs(std::max<std::uint16_t>(1, packet.record.segs)),
      softirq((packet.record.flags & TSCOPE_F_SOFTIRQ) != 0),
      late(packet.late),
      file_time_ns(packet.time_ns),
      packet_number(packet.number) {
}

PacketStamp::PacketStamp(const TcpHeaders& tcp, const Packet& packet, std::uint32_t flow_index)
    : PacketStamp(identity_of(tcp, packet.record), packet, flow_index) {
  has_payload = tcp.payload > 0;
}

PacketStamp::PacketStamp(const DatagramHeaders& of, const Packet& packet, std::uint32_t flow_index)
    : PacketStamp(identity_of(of, packet.record), packet, flow_index) {
  has_payload = of.payload > 0;
  datagram = true;
}

bool same_poll(const PacketStamp& a, const PacketStamp& b) {
  return a.softirq && b.softirq && a.cpu == b.cpu && a.napi_poll == b.napi_poll;
}

}  // namespace tscope
