// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "probe/ping/way.hpp"
#include "tscope/probe/ping.hpp"

namespace tscope {

enum class ReplyFault : std::uint8_t { none, truncated, corrupted, forged, resent };

/// The first bytes after the transport header: they tell one packet from another.
struct PacketHead {
  std::array<std::uint8_t, 16> bytes{};
  std::size_t size = 0;
  bool operator==(const PacketHead&) const = default;
};

struct Reply {
  std::uint32_t key = 0;  ///< what a captured packet shows of which reply it is, beside its head
  std::optional<std::uint64_t> index;  ///< nothing: names no probe that was sent
  ReplyFault fault = ReplyFault::none;
  IpAddress from;
  std::size_t bytes = 0;
  std::optional<std::uint8_t> ttl;
  bool reset = false;
  std::int64_t app_rx_ns = 0;
  std::optional<std::int64_t> driver_rx_ns, hw_rx_ns;
  PacketHead head;
};

struct TransmitStamp {
  enum class At : std::uint8_t { qdisc, driver, hw };
  std::uint64_t index = 0;
  At at = At::driver;
  std::int64_t ns = 0;
};

/// An ICMP error, or the kernel's own.
struct Refusal {
  std::optional<std::uint64_t> index;
  IpAddress from;
  std::string text;
};

using PingEvents = std::vector<std::variant<Reply, TransmitStamp, Refusal>>;

/// Sends probes and reads what comes back; never blocks.
class Prober {
 public:
  virtual ~Prober() = default;
  /// Readable when there is something.
  virtual int fd() const = 0;
  /// What can be done before the probe is due.
  virtual void prepare_next() {}
  /// 0 or an errno.
  virtual int send(std::uint64_t index) = 0;
  /// One reply, if there is one.
  virtual bool receive(PingEvents& events) = 0;
  /// Transmit stamps and errors.
  virtual void read_errors(PingEvents& events) = 0;
  /// Sockets stamp in the kernel.
  virtual bool stamps() const = 0;
  virtual std::string name() const = 0;
  virtual SocketAddress local() const = 0;
  /// By which a capture knows the run's packets: an echo's id, our UDP port; 0 with TCP.
  virtual std::uint16_t id() const = 0;
  /// The probe whose captured packet has this key: an echo's 16 bits of sequence number, STAMP's
  /// number, TCP's source port.
  virtual std::optional<std::uint64_t> index_of(std::uint32_t key) const = 0;
};

/// Makes the prober of the options' protocol. Throws Error, UsageError.
std::unique_ptr<Prober> make_prober(const PingOptions& options, const PingWay& way);
std::unique_ptr<Prober> make_icmp_prober(const PingOptions& options, const PingWay& way);
std::unique_ptr<Prober> make_udp_prober(const PingOptions& options, const PingWay& way);
std::unique_ptr<Prober> make_tcp_prober(const PingOptions& options, const PingWay& way);

}  // namespace tscope
