// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tscope/source.hpp"

namespace tscope {

/// What to capture; zero fields match everything.
struct CaptureFilter {
  std::uint16_t port = 0;
  tscope_port_side port_side = TSCOPE_PORT_EITHER;
  std::string device;   ///< interface name
  std::string address;  ///< "10.0.0.1", "2001:db8::/32": on either side
};

struct KmodOptions {
  CaptureFilter filter;
  std::vector<Vantage> vantages;
  bool all_netns = false;
  std::uint32_t slots =
      0;  ///< records a CPU's ring holds, a power of two; 0: about 64 MiB over all CPUs
  std::chrono::milliseconds reorder_window{20};
};

/// The module as a Source. Opening configures the session and starts it.
///
/// Throws Error when the module is absent, of another version, the caller lacks the
/// privilege, or a vantage point has no hook in this kernel: each says what to do.
class KmodSource : public Source {
 public:
  static std::unique_ptr<KmodSource> open(const KmodOptions& options);

  /// No new records; next() delivers what is left, then `end`.
  virtual void stop() = 0;
  /// Anchors taken since the last call, oldest first; the first call has the one taken at the
  /// start.
  virtual std::vector<Anchor> take_anchors() = 0;
  virtual std::uint32_t tsc_khz() const = 0;
  /// The session's network namespace went away; what it recorded is still delivered.
  virtual bool netns_gone() const = 0;
  /// Everything before this time has been delivered, but for late records.
  virtual std::int64_t watermark_ns() const = 0;
};

/// What the module says of itself, for `doctor`.
struct KmodStatus {
  tscope_info info{};
  std::vector<tscope_hook> hooks;
  std::vector<Anchor> anchors;  ///< a few, to show how wide their reads are
};
KmodStatus kmod_status();

}  // namespace tscope
