// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace tscope {

/// What the ACKs of one stream delivered over time, and how long the data they answer were on
/// their way: in equal intervals, of which there are at most 1024, longer in a longer stream.
class DeliveryCurve {
 public:
  /// wire_bytes: what the ACK delivers. lag_ns: its time less the echoed timestamp's (another
  /// machine's clock, so only differences count), nothing without one. rtt_ns: from a segment to
  /// the ACK for it, where the ACK ends such a measurement.
  void add(std::int64_t time_ns, std::uint64_t wire_bytes, std::optional<std::int64_t> lag_ns,
           std::optional<std::int64_t> rtt_ns);

  /// The level that the delivery keeps to for most of the time it delivers anything.
  struct Plateau {
    double bytes_per_s = 0;
    // How far the way of the data varies meanwhile, typically:
    std::int64_t lag_ns = 0;  ///< by echoed timestamps
    std::int64_t rtt_ns = 0;  ///< by the data in the capture
  };
  /// lag_step_ns: by how much lags differ by rounding; nothing if they mean nothing. Returns
  /// nothing if there is no such level.
  std::optional<Plateau> plateau(std::optional<std::int64_t> lag_step_ns) const;

  /// Returns the bytes between two times, to the interval.
  std::uint64_t bytes_between(std::int64_t from_ns, std::int64_t to_ns) const;
  std::int64_t begin_ns() const { return begin_ns_; }
  std::int64_t end_ns() const { return last_ns_; }

 private:
  struct Range {
    std::int64_t low = std::numeric_limits<std::int64_t>::max();
    std::int64_t high = std::numeric_limits<std::int64_t>::min();

    void take(std::int64_t value);
    void take(const Range& other);
    std::int64_t width() const { return high > low ? high - low : 0; }
  };
  struct Part {
    std::uint64_t bytes = 0;
    std::uint64_t acks = 0;
    Range lag, rtt;
    void take(const Part& other);
  };

  void halve();

  static constexpr std::size_t parts_max = 1024;
  static constexpr std::int64_t width_min_ns = 250'000;

  std::vector<Part> parts_;
  std::int64_t width_ns_ = width_min_ns;
  std::int64_t begin_ns_ = 0, last_ns_ = 0;
};

}  // namespace tscope
