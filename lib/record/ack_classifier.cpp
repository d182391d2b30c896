// SPDX-License-Identifier: MIT
#include "record/ack_classifier.hpp"

namespace tscope {

namespace {

bool after(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b) > 0;
}

}  // namespace

// The first segment behind the SYN of the one who connects, if it carries nothing else.
bool AckClassifier::third_of_handshake(const TcpHeaders& tcp) {
  if (!syn_) return false;
  const bool third = tcp.seq == *syn_ + 1;
  syn_.reset();
  return third;
}

bool AckClassifier::is_ack(const TcpHeaders& tcp) {
  const bool syn = (tcp.flags & tcp_flag::syn) != 0;
  const bool acks = (tcp.flags & tcp_flag::ack) != 0;
  if (syn && !acks) {
    syn_ = tcp.seq;
    next_seq_ = tcp.seq_end();
    return false;
  }
  const bool third = third_of_handshake(tcp);
  const bool pure = acks && tcp.payload == 0 &&
                    (tcp.flags & (tcp_flag::syn | tcp_flag::fin | tcp_flag::rst)) == 0;
  const bool keep_alive = next_seq_ && tcp.seq == *next_seq_ - 1;
  if (!next_seq_ || syn || after(tcp.seq_end(), *next_seq_)) next_seq_ = tcp.seq_end();
  return pure && !third && !keep_alive;
}

}  // namespace tscope
