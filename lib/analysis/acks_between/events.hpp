// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "tscope/analysis/acks_between_report.hpp"
#include "tscope/base/histogram.hpp"

namespace tscope {

/// One matched ACK: stamps of one clock, and where the files have it.
struct Passage {
  std::int64_t first_ns = 0;
  std::int64_t second_ns = 0;
  std::int64_t last_ns = 0;   ///< at the last vantage point of the second's machine
  bool in_last_poll = false;  ///< second stamp within one NAPI poll with the passage before
  std::array<std::int64_t, 2> file_ns{};         ///< by each file's own clock
  std::array<std::uint64_t, 2> packet_number{};  ///< Packet::number in each
};

/// Finds runs of ACKs in which each gap shrank below 0.75 of what it was: so did the whole run.
/// (Paxson leaves open how runs are cut out; each gap counted makes a run end where compression
/// ends.)
class CompressionRuns {
 public:
  enum class End { second, last };  ///< which stamp is compared with the first

  /// Resolutions of the clocks, ns.
  CompressionRuns(End end, std::int64_t first_resolution_ns, std::int64_t second_resolution_ns)
      : end_(end),
        first_resolution_(first_resolution_ns),
        second_resolution_(second_resolution_ns) {}

  /// Keeps a list of the events, of at most kept_max.
  void keep_events() { keeps_ = true; }
  static constexpr std::size_t kept_max = 65'536;

  void add(const Passage& passage);
  /// The next passage does not follow the last one.
  void cut();

  CompressionEvents events() const;
  /// Counts of where the runs arose; `last` is the caller's to fill. Call after cut().
  const CompressionOrigin& origin() const { return origin_; }

 private:
  std::int64_t stamp(const Passage& passage) const {
    return end_ == End::second ? passage.second_ns : passage.last_ns;
  }
  void close();
  void keep(double xi);

  End end_;
  std::int64_t first_resolution_, second_resolution_;
  bool has_previous_ = false;
  Passage previous_, begin_;
  std::uint64_t run_ = 0;  // ACKs in the current run, 0 or at least 2
  bool one_poll_ = false, keeps_ = false;
  CompressionEvents events_;
  Histogram xi_;  // in thousandths
  CompressionOrigin origin_;
};

/// Runs of ACKs that were apart at the first vantage point and come close together at the second.
class BatchFinder {
 public:
  static constexpr std::uint64_t size_max = 64;  ///< larger ones are counted as this

  explicit BatchFinder(std::int64_t segment_time_ns) : segment_time_ns_(segment_time_ns) {}
  void add(const Passage& passage);
  void cut();
  AckBatches result() const;

 private:
  std::int64_t segment_time_ns_;
  bool has_previous_ = false;
  Passage previous_;
  std::uint64_t run_ = 1;
  std::map<std::uint64_t, std::uint64_t> sizes_;
  std::uint64_t acks_ = 0, count_ = 0;
};

}  // namespace tscope
