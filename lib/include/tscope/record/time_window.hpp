// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace tscope {

/// A part of a capture, from one time up to another, which is no longer in it.
///
/// A bound is a number of seconds since the capture's first packet ("2.5"), a time of day in this
/// machine's time zone ("12:09:53.276", of the day of the capture's first packet, or of the next
/// day if that lies more than twelve hours before it), or a date and a time of day ("2026-11-30
/// 12:09:53").
class TimeWindow {
 public:
  TimeWindow() = default;
  /// An empty text is no bound. Throws UsageError for one that says nothing, and if `to` is known
  /// not to be behind `from`.
  TimeWindow(const std::string& from, const std::string& to);

  bool any() const { return from_ || to_; }
  /// Returns true if a packet of this time is in the window. The first call must be with the
  /// capture's first packet, which decides what seconds and times of day mean.
  bool has(std::int64_t time_ns);

 private:
  struct Bound {
    enum class Kind : std::uint8_t { since_first, of_day, exact } kind;
    std::int64_t ns;
  };

  static std::optional<Bound> parse(const std::string& option, const std::string& text);
  void begin(std::int64_t first_ns);

  std::optional<Bound> from_, to_;
  bool begun_ = false;
  std::int64_t from_ns_ = std::numeric_limits<std::int64_t>::min();
  std::int64_t to_ns_ = std::numeric_limits<std::int64_t>::max();
};

/// Returns a time of day in this machine's time zone, to the microsecond: "12:09:53.276123".
std::string time_of_day(std::int64_t time_ns);

}  // namespace tscope
