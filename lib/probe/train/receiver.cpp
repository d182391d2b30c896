// SPDX-License-Identifier: MIT
#include "probe/train/receiver.hpp"

#include <algorithm>
#include <cerrno>

#include "probe/wire/clock_state.hpp"
#include "probe/wire/stamp.hpp"

namespace tscope {

bool ReplyReader::read(const std::function<void(const ProbeReply&)>& each) {
  for (std::size_t i = 0; i < batch; i++) {
    parts_[i] = {payloads_[i].data(), payloads_[i].size()};
    msghdr& message = messages_[i].msg_hdr;
    message = {};
    message.msg_iov = &parts_[i];
    message.msg_iovlen = 1;
    message.msg_control = controls_[i].bytes.data();
    message.msg_controllen = controls_[i].bytes.size();
  }
  const int count = recvmmsg(socket_, messages_.data(), batch, MSG_DONTWAIT, nullptr);
  if (count < 0 && errno == ECONNREFUSED) refused_++;
  if (count <= 0) return false;
  const std::int64_t moved_ns = realtime_less_raw_ns() - base_;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); i++) {
    take(messages_[i].msg_hdr, i, messages_[i].msg_len, moved_ns, each);
  }
  return true;
}

void ReplyReader::take(const msghdr& message, std::size_t slot, std::size_t length,
                       std::int64_t moved_ns, const std::function<void(const ProbeReply&)>& each) {
  const Ancillary ancillary = read_ancillary(message);
  if (ancillary.overflow) {
    dropped_ += *ancillary.overflow - overflow_;
    overflow_ = *ancillary.overflow;
  }
  const auto bytes = std::span(payloads_[slot]).first(std::min(length, payload_bytes));
  const auto packet = stamp::decode_reflector(bytes);
  if (!packet) {
    foreign_++;
    return;
  }
  if (!ancillary.received_ns) user_stamps_++;
  const std::int64_t realtime = ancillary.received_ns.value_or(realtime_ns());
  ProbeReply reply;
  reply.index = packet->sender_sequence;
  reply.reflector_sequence = packet->sequence;
  reply.sender_ns = stamp::from_ntp(packet->sender_timestamp, realtime);
  reply.reflector_rx_ns = stamp::from_ntp(packet->received, realtime);
  reply.reflector_tx_ns = stamp::from_ntp(packet->timestamp, realtime);
  reply.arrival_ns = realtime - moved_ns;
  reply.sender_ttl = packet->sender_ttl;
  reply.ttl = ancillary.ttl.value_or(0);
  reply.synchronised = packet->error.synchronized;
  each(reply);
}

}  // namespace tscope
