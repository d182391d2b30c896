// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "record/sent_segments.hpp"
#include "tscope/record/headers.hpp"

namespace tscope {

/// What one ACK newly delivers.
struct Delivery {
  enum class Kind {
    data,        ///< `bytes` in `segments`
    nothing,     ///< a window update, or a duplicate that tells of no new data
    after_hole,  ///< it closes a hole behind which data had arrived untold (no SACK)
    first,       ///< the direction's first: what it covers was delivered at an unknown time
  };
  Kind kind = Kind::nothing;
  std::uint32_t bytes = 0;
  std::uint32_t segments = 0;
};

/// What the ACKs of a stream delivered up to one of them.
struct DeliveredSoFar {
  std::uint64_t ip_bytes = 0;  ///< from the IP header on
  std::uint64_t segments = 0;
  std::uint32_t stretch = 0;  ///< counts are comparable within one stretch: none is unknown there

  /// overhead: on-wire bytes of a segment below its IP header.
  std::uint64_t wire_bytes(std::uint32_t overhead) const { return ip_bytes + segments * overhead; }
  void add(const Delivery& delivery, const SentSegments& sent) {
    if (delivery.kind == Delivery::Kind::data) {
      ip_bytes += delivery.bytes + std::uint64_t{delivery.segments} * sent.header_bytes();
      segments += delivery.segments;
    } else if (delivery.kind != Delivery::Kind::nothing) {
      stretch++;
    }
  }
};

/// Follows the ACKs of one flow direction at one vantage point: what each newly delivers is what it
/// acknowledges cumulatively and by SACK (RFC 2018) and no ACK before it did.
class DeliveredData {
 public:
  /// Feed every ACK in order. sent: the other direction's segments.
  Delivery add(const TcpHeaders& tcp, std::span<const SackBlock> blocks, const SentSegments& sent);
  /// Another connection begins, or ACKs may be missing.
  void reset() { *this = {}; }

 private:
  struct Range {
    std::uint32_t low, high;
  };

  void sack(const SackBlock& block, const SentSegments& sent, Delivery& delivery);
  std::uint32_t advance(std::uint32_t to, const SentSegments& sent, Delivery& delivery);

  static constexpr std::size_t ranges_max = 256;

  std::optional<std::uint32_t> highest_;
  std::uint16_t window_ = 0;
  bool hole_ = false;
  std::vector<Range> sacked_;  // above highest_, ascending, apart
};

}  // namespace tscope
