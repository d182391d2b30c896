// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "uapi/tscope.h"

namespace tscope {

/// Three clocks read at one instant (TSCOPE_IOC_ANCHOR).
using Anchor = tscope_anchor;

/// How good a source's times are.
struct ClockInfo {
  std::string source;            ///< "tsc", or "file" for times another program took
  std::int64_t error_ns = 0;     ///< bound of a time's error against CLOCK_MONOTONIC_RAW
  std::int64_t resolution_ns = 1;  ///< smallest step a time can take
  double tsc_hz = 0;             ///< ticks a second, measured; 0 without TSC
  std::uint64_t steps = 0;       ///< jumps of CLOCK_REALTIME seen against CLOCK_MONOTONIC_RAW
};

/// Turns TSC ticks into nanoseconds since the Unix epoch.
///
/// The time line is CLOCK_REALTIME at the first anchor, carried on by
/// CLOCK_MONOTONIC_RAW: a step of the wall clock in mid-capture changes no gap, it is
/// counted. Between anchors the conversion is linear; a new anchor bends the line so that it meets
/// the clock at the next one, never backwards. A time once given for a tick stays the same
/// as long as the tick is later than the newest anchor but `kept_segments` ones.
class ClockModel {
 public:
  /// nominal_khz: the kernel's calibration, used until a second anchor is there.
  ClockModel(const Anchor& first, std::uint32_t nominal_khz);

  /// Anchors must come in the order of their TSC; one that does not is ignored and counted as a step.
  void add(const Anchor& anchor);

  /// Time of a tick. Ticks before the first anchor are extrapolated.
  std::int64_t to_ns(std::uint64_t tsc) const;

  /// Error bound: widest anchor read (half its width) plus the worst residual at an anchor so far.
  ClockInfo info() const;

 private:
  struct Segment {
    std::uint64_t tsc;
    std::int64_t time_ns;
    double ns_per_tick;
  };

  static constexpr std::size_t kept_segments = 64;

  Anchor first_;
  Anchor last_;
  double nominal_ns_per_tick_;
  double worst_residual_ns_ = 0;
  double widest_ns_ = 0;
  std::uint64_t steps_ = 0;
  std::vector<Segment> segments_;
};

}  // namespace tscope
