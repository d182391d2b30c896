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

/// "envelope", "at-rest", "none", "shared".
std::string_view align_method_name(AlignMethod method);

/// The reverse of align_method_name; throws UsageError for another word.
AlignMethod parse_align_method(std::string_view name);

/// One packet seen by both clocks.
struct ClockSample {
  std::int64_t first_ns = 0;   ///< by the first file's clock
  std::int64_t second_ns = 0;  ///< by the second's
  bool towards_second = true;  ///< passed the first file's vantage point before the second's
};

/// A jump of the second clock against the first.
struct ClockStep {
  std::int64_t at_ns = 0;      ///< by the first clock: the middle of where it can be
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

  /// The second clock's offset at a moment of the first clock; nothing within a step's uncertainty.
  std::optional<std::int64_t> offset_at(std::int64_t first_ns) const;
  /// The same for a moment of the second clock.
  std::optional<std::int64_t> offset_at_second(std::int64_t second_ns) const;
};

/// Takes samples in any order within some seconds and keeps the least delays of both directions in
/// at most `intervals_max` intervals: memory is bounded.
///
/// The delay of a packet towards the second file, by both clocks, is never below the offset, that
/// of one towards the first never above it. A line that separates both is found by linear
/// programming: the sum of the distances of all intervals' extremes from the envelopes is least (S.
/// Moon, P. Skelly, D. Towsley, "Estimation and removal of clock skew from network delay
/// measurements", INFOCOM 1999, for each direction; here both share the drift), and the offset lies
/// midway between the envelopes. The error is the farthest that any separating line lies from it.
/// Where no line separates them, the clock stepped: the time is cut there. A step smaller than the
/// round trip can't be told from delay.
class EnvelopeAligner {
 public:
  static constexpr std::size_t intervals_max = 1024;
  static constexpr double drift_max = 1e-3;  ///< 1000 ppm: twice what NTP slews

  void add(const ClockSample& sample);
  std::uint64_t samples() const { return samples_; }

  /// resolution_ns: both clocks' steps and errors, added up; a contradiction below it is none.
  Alignment fit(std::int64_t resolution_ns) const;

 private:
  // Delays relative to the first sample's, by their time.
  struct Extreme {
    std::int64_t at_ns = 0;
    std::int64_t delay_ns = 0;
    bool any = false;
  };
  struct Interval {
    Extreme least, most;  // towards the second: least; towards the first: most
  };

  void widen();

  std::vector<Interval> intervals_;
  std::int64_t start_ns_ = 0;  // of the first interval
  std::int64_t base_ns_ = 0;   // delay of the first sample
  std::int64_t width_ns_ = 1'000'000;
  std::uint64_t samples_ = 0;
};

/// Least squares on packets at rest: those that no other packet preceded for `rest_ns` at either
/// vantage point, so that they had nothing to wait for. One drift, an offset for each direction;
/// midway between them is taken (J. Whiteaker, F. Schneider, R. Teixeira, "Explaining packet delays
/// under virtualization", 2011, section 3.2, with one direction).
class AtRestAligner {
 public:
  static constexpr std::int64_t rest_ns = 10'000'000;

  void add(const ClockSample& sample);
  /// Nothing with fewer than three samples at rest.
  std::optional<Alignment> fit(std::int64_t resolution_ns) const;

 private:
  struct Sums {
    double count = 0, t = 0, d = 0, tt = 0, td = 0, dd = 0;
  };

  Sums towards_[2];
  bool any_ = false;
  std::int64_t start_ns_ = 0, base_ns_ = 0, last_first_ns_ = 0, last_second_ns_ = 0;
};

}  // namespace tscope
