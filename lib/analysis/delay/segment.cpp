// SPDX-License-Identifier: MIT
#include "analysis/delay/segment.hpp"

#include <algorithm>

namespace tscope {

namespace {

bool at_or_before(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b) <= 0;
}

}  // namespace

Segment::Segment(const TcpHeaders& tcp, const Packet& packet)
    : stamp{packet.time_ns, packet.record.tsc, packet.record.clock, 0, packet.number},
      seq(packet.record.seq),
      range(packet.record.seq_end - packet.record.seq),
      payload(tcp.payload),
      ack(tcp.ack),
      options(tcp.options_hash),
      ip_id(ip_id_of(tcp.flow, tcp.ip_id, packet.record)),
      window(tcp.window),
      segs(std::max<std::uint16_t>(1, packet.record.segs)),
      syn((tcp.flags & tcp_flag::syn) != 0),
      fin((tcp.flags & tcp_flag::fin) != 0),
      rst((tcp.flags & tcp_flag::rst) != 0),
      acks((tcp.flags & tcp_flag::ack) != 0) {
}

// A SYN's record may come behind records of the first data: then it stands right before these.
bool SequenceLine::same_connection(const Segment& segment) const {
  constexpr std::uint32_t right_before = 1 << 24;
  if (!segment.syn || !begun_) return true;
  return isn_ ? *isn_ == segment.seq : lowest_seq_ - segment.seq < right_before;
}

void SequenceLine::place(Segment& segment) {
  if (!begun_) {
    newest_seq_ = lowest_seq_ = segment.seq;
    begun_ = true;
  }
  if (segment.syn) isn_ = segment.seq;
  if (at_or_before(segment.seq, lowest_seq_)) lowest_seq_ = segment.seq;
  segment.begin = newest_ + static_cast<std::int32_t>(segment.seq - newest_seq_);
  segment.end = segment.begin + segment.range;
  if (segment.begin > newest_) {
    newest_ = segment.begin;
    newest_seq_ = segment.seq;
  }
}

bool split_from(const Segment& part, const Segment& whole) {
  if (part.ack != whole.ack || part.window != whole.window || part.options != whole.options ||
      part.syn != whole.syn || part.rst != whole.rst) {
    return false;
  }
  return may_be_cut_from(part.ip_id, whole.ip_id);
}

// Merging asks for equal options; the backlog lets ACK number and window go on.
bool merged_into(const Segment& part, const Segment& whole) {
  if (part.options != whole.options || part.syn != whole.syn || part.rst != whole.rst) return false;
  if (part.segs != whole.segs || part.range < whole.range) return at_or_before(part.ack, whole.ack);
  return part.ack == whole.ack && part.window == whole.window &&
         may_be_one(part.ip_id, whole.ip_id);
}

}  // namespace tscope
