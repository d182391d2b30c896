// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "base/ring_buffer.hpp"
#include "tscope/record/headers.hpp"
#include "tscope/record/packet.hpp"

namespace tscope {

/// What one direction of a connection sent: how large its segments are on the wire and where they
/// end. Memory is bounded. Offloads put several segments into one record; these are told apart by
/// the size of a full segment.
class SentSegments {
 public:
  /// mtu: of the interface, in bytes; larger packets are taken for several segments.
  explicit SentSegments(std::uint32_t mtu) : mtu_(mtu) {}

  /// Feed every segment of the direction, at whatever vantage point.
  void add(const TcpHeaders& tcp, const Packet& packet);
  /// Takes an MSS option of either end's SYN: neither sends more.
  void limit(std::uint32_t mss);
  /// Returns the limit; 0 without.
  std::uint32_t mss() const { return mss_; }
  /// Returns when the byte before `end` was first seen; nothing if that is not known any more.
  std::optional<std::int64_t> sent_at(std::uint32_t end) const;

  /// Returns the payload of a full segment: by the SYNs, else the commonest size that fits into the
  /// MTU; 0 if neither tells it.
  std::uint32_t full_payload() const;
  /// Returns the bytes of the IP and TCP headers of a segment with data.
  std::uint32_t header_bytes() const { return header_bytes_; }
  /// Returns the number of segments that ended in the bytes from `low` to `high` (exclusive);
  /// estimated by the full size where they were not seen, at least 1.
  std::uint32_t segments_in(std::uint32_t low, std::uint32_t high) const;

 private:
  struct Run {  // segments of one size, one behind the other; the last one may be shorter
    std::uint32_t start, end, size;
  };

  struct Sent {
    std::uint32_t start, end;
    std::int64_t time_ns;
  };

  std::uint32_t size_in_use() const;
  void note_size(std::uint32_t payload);
  void extend(std::uint32_t start, std::uint32_t end, std::uint32_t size);

  static constexpr std::size_t runs_max = 4096, sent_max = 4096, sizes_max = 64;
  static constexpr std::uint32_t usual_headers = 52;  // IPv4 and TCP with timestamps

  std::uint32_t mtu_;
  std::uint32_t header_bytes_ = usual_headers;
  std::uint32_t mss_ = 0;  // of the SYNs, 0 without
  bool timestamps_ = false;
  std::map<std::uint32_t, std::uint64_t> sizes_;
  std::uint64_t sized_ = 0;
  mutable std::uint32_t full_ = 0;
  mutable std::uint64_t full_at_ = 0;  // how many sizes `full_` is of
  RingBuffer<Run, runs_max> runs_;
  RingBuffer<Sent, sent_max> sent_;
  std::optional<std::uint32_t> highest_;
};

}  // namespace tscope
