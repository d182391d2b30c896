// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "analysis/delay/unit.hpp"
#include "record/identity.hpp"
#include "tscope/record/headers.hpp"
#include "tscope/record/packet.hpp"

namespace tscope {

/// A TCP record: its range and what tells it from others of the same range.
struct Segment {
  Segment(const TcpHeaders& tcp, const Packet& packet);

  std::int64_t length() const { return end - begin; }
  std::int64_t last_byte() const { return begin + syn + payload - 1; }

  Stamp stamp;
  std::optional<Stamp> nic;         ///< the NIC's, of a record at the driver
  std::int64_t begin = 0, end = 0;  ///< of a SequenceLine once placed; SYN and FIN count
  std::uint32_t seq, range;
  std::uint32_t payload;
  std::uint32_t ack;
  std::uint64_t options;
  IpId ip_id;
  std::uint16_t window, segs;
  bool syn, fin, rst, acks;
};

/// Sequence numbers of one direction on a line that does not wrap.
class SequenceLine {
 public:
  /// False if the segment's SYN opens another connection on the same ports: reset() first.
  bool same_connection(const Segment& segment) const;
  void reset() { *this = {}; }
  /// Fills begin and end.
  void place(Segment& segment);

 private:
  std::optional<std::uint32_t> isn_;
  bool begun_ = false;
  std::uint32_t newest_seq_ = 0, lowest_seq_ = 0;
  std::int64_t newest_ = 0;
};

/// Returns true if `part` may be a packet of what was `whole` nearer the socket, on the way out.
/// Ranges are not looked at.
bool split_from(const Segment& part, const Segment& whole);

/// Returns true if `part` may have become part of `whole` on the way in (GRO, backlog). Ranges are
/// not looked at.
bool merged_into(const Segment& part, const Segment& whole);

}  // namespace tscope
