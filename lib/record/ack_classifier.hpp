// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "tscope/record/headers.hpp"

namespace tscope {

/// Tells the ACKs of one flow direction at one vantage point, from headers alone: ACK set, no
/// payload, no SYN, FIN or RST, not the handshake's third segment, not a keep-alive (one below the
/// next sequence number, as Wireshark has it).
class AckClassifier {
 public:
  /// Feed every segment of the direction in order.
  bool is_ack(const TcpHeaders& tcp);

 private:
  bool third_of_handshake(const TcpHeaders& tcp);

  std::optional<std::uint32_t> syn_;  // sequence number of the SYN whose third segment is to come
  std::optional<std::uint32_t> next_seq_;  // one past the highest seen
};

}  // namespace tscope
