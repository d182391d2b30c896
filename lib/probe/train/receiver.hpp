// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "probe/wire/ancillary.hpp"
#include "tscope/analysis/replies.hpp"

namespace tscope {

/// Reads answers in batches off a socket.
class ReplyReader {
 public:
  /// base: realtime_less_raw_ns() when the time line began.
  ReplyReader(int socket, std::int64_t base) : socket_(socket), base_(base) {
    for (auto& payload : payloads_) payload.resize(payload_bytes);
  }

  /// Reads what is there; each(reply) for every answer, its arrival on the time line. False if
  /// nothing was there.
  bool read(const std::function<void(const ProbeReply&)>& each);

  std::uint64_t dropped() const { return dropped_; }
  std::uint64_t foreign() const { return foreign_; }
  std::uint64_t user_stamps() const { return user_stamps_; }
  /// ICMP said that nobody listens there, so many times as the socket told it.
  std::uint64_t refused() const { return refused_; }

 private:
  static constexpr std::size_t batch = 64;
  static constexpr std::size_t payload_bytes = 128;  // what follows the packet is not read

  void take(const msghdr& message, std::size_t slot, std::size_t length, std::int64_t moved_ns,
            const std::function<void(const ProbeReply&)>& each);

  int socket_;
  std::int64_t base_;
  std::uint32_t overflow_ = 0;
  std::uint64_t dropped_ = 0, foreign_ = 0, user_stamps_ = 0, refused_ = 0;
  std::array<std::vector<std::uint8_t>, batch> payloads_;
  struct alignas(cmsghdr) Control {
    std::array<char, ancillary_bytes> bytes;
  };
  std::array<Control, batch> controls_{};
  std::array<iovec, batch> parts_{};
  std::array<mmsghdr, batch> messages_{};
};

}  // namespace tscope
