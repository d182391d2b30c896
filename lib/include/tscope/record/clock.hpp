// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tscope/uapi/tscope.h"

namespace tscope {

/// Three clocks read at one instant (TSCOPE_IOC_ANCHOR).
using Anchor = tscope_anchor;

/// How good a source's times are.
struct ClockInfo {
  std::string source;              ///< "tsc", or "file" for times another program took
  std::int64_t error_ns = 0;       ///< bound of a time's error against CLOCK_MONOTONIC_RAW
  std::int64_t resolution_ns = 1;  ///< smallest step a time can take
  double tsc_hz = 0;               ///< ticks a second, measured; 0 without TSC
  std::uint64_t steps = 0;         ///< jumps of CLOCK_REALTIME seen against CLOCK_MONOTONIC_RAW
  bool error_known = true;         ///< false: error_ns says nothing, as for another program's times
  /// When the clock was read last: until then the capture ran. Nothing where it never was.
  std::optional<std::int64_t> end_ns = std::nullopt;
};

/// Turns TSC ticks into nanoseconds since the Unix epoch.
///
/// The time line is CLOCK_REALTIME at the first anchor, carried on by
/// CLOCK_MONOTONIC_RAW: a step of the wall clock in mid-capture changes no gap, it is
/// counted. Between anchors the conversion is linear; an anchor that contradicts the line
/// (by more than half the width of its read) bends it towards the clock, never backwards. A time
/// once given for a tick stays the same as long as the tick is later than the newest anchor but
/// `kept_segments` ones.
class ClockModel {
 public:
  /// nominal_khz: the kernel's calibration, used as long as no anchor contradicts it.
  ClockModel(const Anchor& first, std::uint32_t nominal_khz);

  /// Anchors must come in the order of their TSC; one that does not is ignored and counted as a
  /// step.
  void add(const Anchor& anchor);

  /// Time of a tick. Ticks before the first anchor are extrapolated.
  std::int64_t to_ns(std::uint64_t tsc) const;

  /// Error bound for ticks between the first anchor and the newest: the worst, over the anchors, of
  /// the line's distance from the clock plus half the width of the read. It holds in between as
  /// well, since both run straight there (docs/timing.md).
  ClockInfo info() const;

 private:
  struct Segment {
    std::uint64_t tsc;
    std::int64_t time_ns;
    std::int64_t rate;  // ns a tick, times 2^rate_shift
  };

  double raw_ns(const Anchor& anchor) const;
  void learn_rate(const Anchor& anchor);

  static constexpr std::size_t kept_segments = 64;

  Anchor first_;
  Anchor last_;
  double ns_per_tick_;
  double worst_ns_ = 0;   // of the anchors that told something
  double newest_ns_ = 0;  // of the newest, if it was too wide to tell anything
  double narrowest_;      // width of the best read, ticks
  std::uint64_t steps_ = 0;
  std::vector<Segment> segments_;
};

}  // namespace tscope
