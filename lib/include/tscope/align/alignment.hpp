// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace tscope {

enum class AlignMethod {
  envelope,  ///< lower envelope of the delays, both directions
  at_rest,   ///< least squares on packets that silence precedes
  none,      ///< the files' times as they are
  shared,    ///< stamps of one counter: nothing to align
};

/// Returns "envelope", "at-rest", "none" or "shared".
std::string_view align_method_name(AlignMethod method);

/// The reverse of align_method_name; throws UsageError for another word.
AlignMethod parse_align_method(std::string_view name);

/// A jump of the second clock against the first.
struct ClockStep {
  std::int64_t at_ns = 0;      ///< by the first clock: the middle of when it can have been
  std::int64_t within_ns = 0;  ///< at most so far from at_ns
  std::int64_t size_ns = 0;    ///< positive: the second clock jumped ahead
  std::int64_t error_ns = 0;   ///< of size_ns
};

/// second clock = first clock + offset, where the offset is a straight line between steps.
struct Alignment {
  /// From a step (or the start) to the next one (or the end), by the first clock.
  struct Piece {
    std::int64_t from_ns = 0, to_ns = 0;
    std::int64_t offset_ns = 0;  ///< at from_ns
    double drift = 0;            ///< ns a ns
    /// Bound of the drift's error, of packets at rest its 95 % interval; nothing if the data set
    /// none: one direction only, or so short a time that any drift fits.
    std::optional<double> drift_error;
  };

  AlignMethod method = AlignMethod::envelope;
  std::vector<Piece> pieces;  ///< in order; at least one
  /// Bound of the offset's error, straight clocks supposed; nothing if the data set none (one
  /// direction only, or no alignment wanted).
  std::optional<std::int64_t> error_ns;
  std::int64_t round_trip_ns = 0;  ///< distance of the two envelopes: the least time there and back
  /// Distance of the intervals' least delays from the envelope.
  std::int64_t residual_p50_ns = 0, residual_p99_ns = 0;
  std::vector<ClockStep> steps;
  bool towards_second = false, towards_first = false;  ///< packets in this direction were there
  std::uint64_t samples = 0;
  std::uint64_t outliers = 0;  ///< intervals that contradict what is before and after them
  std::uint64_t bends = 0;     ///< places where the clock left its line, but by less than the error

  std::int64_t offset_ns() const { return pieces.empty() ? 0 : pieces.front().offset_ns; }
  double drift_ppm() const { return pieces.empty() ? 0 : pieces.front().drift * 1e6; }
  std::optional<double> drift_error_ppm() const;

  /// Returns the second clock's offset at a moment of the first clock; nothing within a step's
  /// uncertainty.
  std::optional<std::int64_t> offset_at(std::int64_t first_ns) const;
  /// Returns its offset at a moment of the second clock.
  std::optional<std::int64_t> offset_at_second(std::int64_t second_ns) const;
};

}  // namespace tscope
