// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "probe/ping/prober.hpp"
#include "tscope/base/descriptor.hpp"

namespace tscope {

struct ReceivedDatagram {
  std::span<const std::uint8_t> bytes;  ///< valid until the next receive()
  std::size_t length = 0;               ///< of the datagram, which may be longer than `bytes`
  IpAddress from;
  std::optional<std::uint8_t> ttl;
  std::int64_t app_rx_ns = 0;
  std::optional<std::int64_t> driver_rx_ns, hw_rx_ns;
};

/// A connected datagram or raw socket whose packets the kernel stamps (SO_TIMESTAMPING): SCHED
/// before the qdisc, SND in the driver's transmit function, software receive as the packet enters
/// the stack. They are CLOCK_REALTIME's; here they come on the raw clock.
class StampedSocket {
 public:
  /// Gets the start of the packet that an ICMP error quotes, from its transport header (raw and
  /// ping sockets) or payload (UDP) on; returns the probe's index.
  using Quoted = std::function<std::optional<std::uint64_t>(std::span<const std::uint8_t>)>;

  StampedSocket(Descriptor socket, int family);

  int fd() const { return socket_.get(); }
  bool stamps() const { return stamps_; }
  int send(std::uint64_t index, std::span<const std::uint8_t> bytes);
  std::optional<ReceivedDatagram> receive();
  void read_errors(PingEvents& events, const Quoted& index_of);

 private:
  bool ask_for_stamps();
  bool read_one_error(PingEvents& events, const Quoted& index_of);

  // The kernel numbers sends by itself; this many may be without their stamps yet.
  static constexpr std::size_t unstamped_max = 4096;

  Descriptor socket_;
  int family_;
  bool stamps_ = false;
  std::uint32_t key_ = 0;
  std::vector<std::uint64_t> index_of_key_ = std::vector<std::uint64_t>(unstamped_max);
  std::vector<std::uint8_t> buffer_;
};

}  // namespace tscope
