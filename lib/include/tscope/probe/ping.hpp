// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tscope/live/live_source.hpp"
#include "tscope/probe/ping_evidence.hpp"

namespace tscope {

enum class PingProtocol : std::uint8_t {
  icmp,  ///< echo (RFC 792, RFC 4443)
  udp,   ///< STAMP (RFC 8762)
  tcp,   ///< SYN, answered by a SYN-ACK or a reset
};

struct PingOptions {
  std::string host;  ///< a name or an address
  PingProtocol protocol = PingProtocol::icmp;
  std::uint16_t port = 862;         ///< UDP and TCP
  int family = 0;                   ///< 4, 6, or 0 for what the name has
  std::string source;               ///< interface, or address of this machine; "": by the route
  std::uint32_t size = 56;          ///< payload bytes of ICMP and UDP
  std::optional<std::uint8_t> ttl;  ///< or hop limit
  std::uint64_t count = 0;          ///< probes; 0: until asked to end
  bool count_replies = false;       ///< `count` is of replies (iputils' -c with -w)
  std::chrono::nanoseconds interval = std::chrono::seconds(1);
  bool flood = false;  ///< the next as soon as a reply comes, or after 10 ms
  std::chrono::nanoseconds linger = std::chrono::seconds(10);  ///< for a first reply, at the end
  std::chrono::nanoseconds deadline{0};                        ///< 0: none
  /// After sending, look for the reply without sleeping: any time taken from this CPU is then seen.
  /// Not for long: where a hypervisor's network code needs this very CPU, it keeps the probe from
  /// it.
  std::chrono::nanoseconds spin = std::chrono::microseconds(100);
  std::uint64_t clean_wanted = 0;  ///< end after so many clean samples; 0: don't
};

/// One probe and its reply, on CLOCK_MONOTONIC_RAW; absent where nothing stamped.
struct PingStamps {
  std::optional<std::int64_t> app_tx, socket_tx, qdisc_tx, driver_tx;
  std::optional<std::int64_t> driver_rx, socket_rx, app_rx;
  std::optional<std::int64_t> hw_tx, hw_rx;  ///< on the NIC's clock

  std::optional<std::int64_t> app_rtt() const;
  std::optional<std::int64_t> socket_rtt() const;
  std::optional<std::int64_t> driver_rtt() const;
  /// Absent for a clock that stands still or gives 0.
  std::optional<std::int64_t> hw_rtt() const;
  std::optional<std::int64_t> send_delay() const;  ///< app-tx to driver-tx
  /// app-tx to qdisc-tx, or to driver-tx where nothing stamped the first.
  std::optional<std::int64_t> enqueue_delay() const;
  std::optional<std::int64_t> queue_delay() const;    ///< qdisc-tx to driver-tx
  std::optional<std::int64_t> receive_delay() const;  ///< driver-rx to app-rx
  /// Every stage is at least 0.
  bool consistent() const;
};

struct PingSample {
  std::uint64_t index = 0;  ///< from 1
  std::string from;
  std::size_t bytes = 0;  ///< of the reply, as iputils counts them
  std::optional<std::uint8_t> ttl;
  std::int64_t sent_realtime_ns = 0;
  bool reset = false;  ///< TCP: answered by RST
  PingStamps stamps;
  PingEvidence evidence;
  std::int64_t delay_threshold_ns = 0;  ///< that it was judged by
  PingVerdict verdict;
};

/// Anything that is no sample.
struct PingNote {
  enum class Kind : std::uint8_t {
    duplicate,    ///< of a probe answered before
    truncated,    ///< shorter than what was sent
    corrupted,    ///< not what was sent
    forged,       ///< from another address, or without what only the probe's receiver knows
    unreachable,  ///< an ICMP error
    send_failed,
    resent,  ///< TCP: answered after the kernel had sent the SYN again
  };
  Kind kind;
  std::optional<std::uint64_t> index;
  std::string from, text;
  std::size_t bytes = 0;
};

struct PingCounts {
  std::uint64_t sent = 0, received = 0;
  std::uint64_t duplicates = 0, truncated = 0, corrupted = 0, forged = 0, reordered = 0;
  std::uint64_t errors = 0;  ///< ICMP errors and failed sends
  std::uint64_t resent = 0;
  std::uint64_t clean = 0, biased = 0;
  std::uint64_t engine_lost = 0;   ///< records that the engine lost, of any packet of its filter
  std::uint64_t inconsistent = 0;  ///< samples with a negative stage: their stages are left out
};

class PingSink {
 public:
  virtual ~PingSink() = default;
  virtual void sample(const PingSample& sample) = 0;
  virtual void note(const PingNote& note) = 0;
  virtual void sent() {}
};

/// What a run has and lacks.
struct PingAbilities {
  std::string socket;                ///< "ping", "raw", "udp", "tcp"
  std::string stamps;                ///< "sockets", "kmod", "bpf", "none"
  std::vector<std::string> lacking;  ///< one line each, with the reason
};

struct PingTarget {
  std::string host, address, source, device;
  int family = 4;
  std::string zone;  ///< "%eth0" if the destination was given with one, as link-local ones are
};

/// Opens an engine that stamps packets beside the sockets; may take vantage points out of the
/// options, or return nothing with the reason in `why_not`.
using PingEngine =
    std::function<std::unique_ptr<LiveSource>(CaptureOptions& options, std::string& why_not)>;

class Ping {
 public:
  /// Resolves, opens sockets and the engine, if one is given, and calibrates (some 40 ms). Throws
  /// Error, UsageError.
  explicit Ping(const PingOptions& options, const PingEngine& engine = {});
  ~Ping();

  const PingTarget& target() const;
  const PingAbilities& abilities() const;
  const PingCalibration& calibration() const;
  const PingThresholds& thresholds() const;

  /// Until done or asked to end. Throws Error for what makes going on senseless.
  PingCounts run(PingSink& sink, const std::atomic<bool>& stop);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tscope
