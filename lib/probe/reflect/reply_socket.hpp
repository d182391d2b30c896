// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <vector>

#include "probe/reflect/driver_stamps.hpp"
#include "probe/reflect/responder.hpp"
#include "probe/wire/ancillary.hpp"
#include "tscope/base/descriptor.hpp"

namespace tscope {

/// A UDP socket of one family with room for a batch of datagrams.
class ReplySocket {
 public:
  /// Bound to an address, or to all if it is empty. Throws Error.
  ReplySocket(int family, const std::string& address, std::uint16_t port);
  ReplySocket(const ReplySocket&) = delete;
  ReplySocket& operator=(const ReplySocket&) = delete;

  int fd() const { return socket_.get(); }
  Endpoint local() const;

  /// Reads what is there, up to a batch, and answers it. False if nothing was there. stamps: of the
  /// driver, or null.
  bool turn(Responder& responder, DriverStamps* stamps);

  std::uint64_t dropped() const { return dropped_; }
  std::uint64_t user_stamps() const { return user_stamps_; }
  std::uint64_t driver_stamps() const { return driver_stamps_; }
  std::uint64_t driver_absent() const { return driver_absent_; }
  std::uint64_t send_failed() const { return send_failed_; }

 private:
  static constexpr std::size_t batch = 32;
  // Stamped together and sent in one call: few, since the last one's stamp is early by the others'
  // time in it.
  static constexpr std::size_t sent_together = 4;
  static constexpr std::size_t datagram_bytes = 65536;

  struct Slot {
    std::vector<std::uint8_t> payload;
    sockaddr_storage sender{};
    iovec part{};
    alignas(cmsghdr) std::array<char, ancillary_bytes> control{};
  };

  Arrival arrival_of(const Slot& slot, const Ancillary& ancillary, std::size_t length,
                     DriverStamps* stamps);
  void answer_from(Slot& slot, msghdr& message, const Ancillary& ancillary) const;
  void send(std::size_t count);

  int family_;
  Descriptor socket_;
  std::uint32_t overflow_ = 0;
  std::uint64_t dropped_ = 0, user_stamps_ = 0, driver_stamps_ = 0, driver_absent_ = 0,
                send_failed_ = 0;
  std::array<Slot, batch> slots_;
  std::array<mmsghdr, batch> received_{}, answers_{};
};

}  // namespace tscope
