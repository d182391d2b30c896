// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tscope/live/passed_packets.hpp"
#include "tscope/live/visited_netns.hpp"
#include "tscope/record/source.hpp"

namespace tscope {

/// What to capture; zero fields match everything.
struct CaptureFilter {
  std::uint8_t protocols = 0;  ///< TSCOPE_PROTO_* bits
  std::uint16_t port = 0;      ///< of TCP and UDP; no ICMP packet has one
  tscope_port_side port_side = TSCOPE_PORT_EITHER;
  std::string device;   ///< interface name
  std::string address;  ///< "10.0.0.1", "2001:db8::/32": on either side
};

struct CaptureOptions {
  CaptureFilter filter;
  /// Where to capture; null: in the calling thread's network namespace.
  std::shared_ptr<const VisitedNetns> netns;
  std::vector<Vantage> vantages;
  /// Devices whose NIC's clock can be read, for hw-rx and hw-tx, are those of `netns`.
  bool all_netns =
      false;  ///< else `netns` alone, as with filter.device: that is a device of `netns`
  std::uint32_t slots =
      0;  ///< records a CPU's ring holds, a power of two; 0: about 64 MiB over all CPUs
  /// How long records wait for earlier ones of other CPUs; 0: in no order but each CPU's own.
  std::chrono::milliseconds reorder_window{20};
  /// How long next() may sleep when there is nothing; 0: not at all.
  std::chrono::milliseconds nap{20};
};

/// Packets as they pass, stamped by the module or by BPF programs.
class LiveSource : public Source {
 public:
  /// No new records; next() delivers what is left, then `end`.
  virtual void stop() = 0;
  /// Anchors taken since the last call, oldest first; the first call has the one taken at the
  /// start.
  virtual std::vector<Anchor> take_anchors() = 0;
  /// Readings of the NICs' clocks, likewise.
  virtual std::vector<NicReading> take_nic_readings() { return {}; }
  /// Returns what passed the hooks until now, wanted or not; nothing if the source does not count
  /// that.
  virtual std::optional<PassedPackets> passed() const { return std::nullopt; }
  /// Nominal rate of the clock that stamps.
  virtual std::uint32_t clock_khz() const = 0;
  /// The session's network namespace went away; what it recorded is still delivered.
  virtual bool netns_gone() const = 0;
  /// Returns true if the filter's device was deleted or moved to another network namespace: nothing
  /// more of it will come.
  virtual bool device_gone() const { return false; }
  /// Returns what makes records say less than they seem to, a sentence each.
  virtual std::vector<std::string> warnings() const { return {}; }
  /// Returns the network namespace of the session's devices; null: the calling thread's.
  virtual const VisitedNetns* netns() const { return nullptr; }
  /// Everything before this time has been delivered, but for late records.
  virtual std::int64_t watermark_ns() const = 0;
};

}  // namespace tscope
