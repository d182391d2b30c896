// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tscope/live/live_source.hpp"
#include "tscope/record/headers.hpp"

namespace tscope {

struct ReflectOptions {
  std::string address{};        ///< to answer at, IPv4 or IPv6; empty: all of both
  std::uint16_t port = 862;     ///< 0: one that the system chooses
  double sender_rate = 50'000;  ///< answers a second to one address
  double total_rate = 200'000;  ///< answers a second to all
  std::size_t sessions_max = 4096;
  std::chrono::seconds expiry{900};  ///< silence that ends a session (REFWAIT of RFC 5357, 4.2)
};

/// One sender as the reflector saw it: an address, a port and a session identifier (RFC 8972).
struct ReflectSession {
  Endpoint sender;
  std::uint16_t session = 0;   ///< 0: the sender gives none
  std::uint64_t received = 0;  ///< probes, copies too
  std::uint64_t reflected = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t missing = 0;               ///< numbers passed over that did not come later
  std::uint64_t reordered = 0;             ///< came after a higher number
  std::uint64_t restarts = 0;              ///< jumps of the numbers too far to be loss
  std::uint64_t limited = 0;               ///< not answered: above a rate
  std::int64_t first_ns = 0, last_ns = 0;  ///< receive stamps, since the Unix epoch
};

struct ReflectReport {
  std::vector<ReflectSession> sessions;  ///< those still known, the one last heard of first
  std::uint64_t received = 0;            ///< datagrams
  std::uint64_t reflected = 0;
  // Not answered, by cause.
  std::uint64_t malformed = 0;        ///< shorter than 44 bytes, or an error estimate of 0
  std::uint64_t own_kind = 0;         ///< from the reflector's own port, or answers to its answers
  std::uint64_t privileged_port = 0;  ///< from a port below 1024: no sender has that, services do
  std::uint64_t not_unicast = 0;      ///< sent to a group or to everybody
  std::uint64_t limited_sender = 0, limited_total = 0;
  std::uint64_t send_failed = 0;
  std::uint64_t dropped = 0;        ///< by the kernel, at a full socket buffer (SO_RXQ_OVFL)
  std::uint64_t driver_stamps = 0;  ///< of `received`: stamped at the driver
  std::uint64_t driver_absent =
      0;                          ///< they should have been, but no record told: the kernel's stamp
  std::uint64_t user_stamps = 0;  ///< received without any stamp: stamped when read
  std::uint64_t expired = 0;      ///< sessions ended by silence
  std::uint64_t evicted = 0;      ///< sessions that had to go for newer ones
};

/// A stateful STAMP session-reflector (RFC 8762, section 4.3): numbers its answers session by
/// session, stamps at reception (by a live session at the driver, or the kernel as the datagram
/// enters the stack) and right before sending, with CLOCK_REALTIME.
class Reflector {
 public:
  /// Opens the sockets. Throws Error: the port is taken, privileged, or the address is none here.
  /// driver: a session at driver-rx alone, for UDP to the port, with reorder_window and nap 0; its
  /// stamps are taken then, and the kernel's where it has none.
  explicit Reflector(const ReflectOptions& options, std::unique_ptr<LiveSource> driver = nullptr);
  ~Reflector();
  Reflector(const Reflector&) = delete;
  Reflector& operator=(const Reflector&) = delete;

  /// Where it answers: "0.0.0.0:862", "[::]:862".
  std::vector<Endpoint> endpoints() const;
  /// Answers until `ends` says so; that is asked after each batch, and five times a second.
  void run(const std::function<bool()>& ends);
  ReflectReport report() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tscope
