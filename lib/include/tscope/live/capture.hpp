// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tscope/file/capture_file.hpp"
#include "tscope/live/live_source.hpp"
#include "tscope/record/counter_check.hpp"

namespace tscope {

/// When a capture ends by itself; without limits, only when it is told to.
struct CaptureLimits {
  std::optional<std::chrono::nanoseconds> duration;
  std::uint64_t records = 0;  ///< of all vantage points together; 0: no limit
};

/// How far a capture is.
struct CaptureProgress {
  std::chrono::duration<double> elapsed{};
  std::uint64_t records = 0;
  double records_per_second = 0;  ///< since the last report
  Loss loss;
  std::uint64_t bytes = 0;  ///< of the file
};

/// Is told what a capture does, in the thread that captures.
class CaptureWatcher {
 public:
  virtual ~CaptureWatcher() = default;
  /// The file has its first blocks: from here on packets are written.
  virtual void began() {}
  /// A packet that went into the file.
  virtual void packet(const Packet& /*packet*/) {}
  /// About once a second.
  virtual void progress(const CaptureProgress& /*progress*/) {}
};

/// What a capture came to.
struct CaptureOutcome {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;  ///< of the file
  /// Until the source was told to stop: taking its hooks off, up to a second, is no part of it.
  std::chrono::duration<double> duration{};
  Loss loss;
  ClockInfo clock;
  std::vector<NicStamps> nics;
  CounterCheck counter_check;         ///< whether all packets passed the hooks
  bool netns_gone = false;            ///< the capture ended because its network namespace went away
  bool device_gone = false;           ///< likewise, the filter's device
  std::vector<std::string> warnings;  ///< LiveSource::warnings()
};

/// Writes a source into a file until it ends, a limit is reached or `stop` is true; what the source
/// had by then is still written. About once a second the file gets clock anchors and the loss so
/// far and is handed to the system, so that a capture that is killed lacks a second at most. What
/// passed the hooks is compared with the interfaces' counters, from the start until the source is
/// told to stop; each of the two readings takes 10 ms.
///
/// Throws Error if the file takes no more, with the source stopped; what was written before stays
/// readable.
CaptureOutcome capture(LiveSource& source, CaptureFile& file, const CaptureLimits& limits,
                       CaptureWatcher& watcher, const std::atomic<bool>& stop);

/// Returns where a capture with these options will see less than was asked for because of the kind
/// of its devices (one above another, part of a bridge, ...), a sentence each.
std::vector<std::string> blind_spots(const CaptureOptions& options);

/// Returns the link type for a file of such a capture. A file has one (docs/file-format.md):
/// Ethernet if every device concerned is Ethernet or loopback. Devices that are down, such as the
/// fallback devices of loaded tunnel modules, carry nothing.
LinkType capture_link_type(const CaptureOptions& options);

}  // namespace tscope
