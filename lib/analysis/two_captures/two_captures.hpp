// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "align/envelope.hpp"
#include "analysis/two_captures/coverage.hpp"
#include "analysis/two_captures/plan.hpp"
#include "analysis/two_captures/side_by_side.hpp"
#include "analysis/two_captures/survey.hpp"
#include "tscope/analysis/two_captures.hpp"

namespace tscope {

/// Two captures before their packets are compared: which is which, what they have in common, and
/// how their clocks lie. Call survey() for each file, take_order(), and unless why_nothing() says
/// otherwise align(); then read them with side_by_side().
class TwoCaptures {
 public:
  struct Options : TwoCapturesOptions {
    bool datagrams = false;       ///< UDP and ICMP echoes too, not TCP alone
    bool advancing_only = false;  ///< only ACKs that advance the cumulative ACK are ACKs
  };
  using OnPacket = std::function<void(const Packet&, const Interface&)>;

  /// Throws UsageError for a pipe and for one file given twice.
  TwoCaptures(const std::string& first, const std::string& second, Options options);

  /// The first reading. each may be empty; at_end gets the file's source when it is at its end.
  void survey(std::size_t file, const OnPacket& each,
              const std::function<void(const Source&)>& at_end);
  /// True if the files were given the other way round: all is swapped now. Throws Error for two
  /// copies of one capture.
  bool take_order();
  /// Why there is nothing to compare; "" if there is.
  std::string why_nothing() const;
  /// The second reading. Throws Error where an alignment that was asked for can't be had.
  void align();

  /// For the last reading: on the time line that offset_at() is of.
  SideBySide side_by_side() const;
  void read(SideBySide& reading, const SideBySideEvents& events) const;

  const std::array<std::string, 2>& paths() const { return paths_; }
  const std::string& why_swapped() const { return why_swapped_; }
  const CaptureSurvey& survey_of(std::size_t file) const { return surveys_[file]; }
  const std::vector<FlowPlan>& plans() const { return plans_; }
  /// By plan and file.
  const std::vector<std::array<Coverage, 2>>& coverage() const { return coverage_; }
  /// Packets found in both by align().
  std::uint64_t common_packets() const { return common_packets_; }
  /// Of the files' own times; what limits it.
  const Alignment& alignment() const { return alignment_; }
  const std::string& alignment_note() const { return note_; }
  /// Of the times that the last reading gives.
  const Alignment& alignment_used() const { return alignment_used_; }
  std::array<std::int64_t, 2> resolution_ns() const;

 private:
  bool counters_agree(const EnvelopeAligner& by_ticks) const;
  void add_echoed(const PacketMatcher::Match& match, EnvelopeAligner& by_echoes) const;
  void take_echoes(const EnvelopeAligner& by_echoes);
  void take_shared(const TickScale& scale, const Alignment& by_ticks);
  void note_alignment();
  std::int64_t rough_offset(std::int64_t second_ns) const;
  std::int64_t resolution() const;
  void progressed(std::uint64_t packets) const {
    if (options_.progress) options_.progress(packets);
  }

  Options options_;
  std::array<std::string, 2> paths_;
  std::array<CaptureSurvey, 2> surveys_;
  std::array<ClockInfo, 2> clocks_;
  std::optional<CaptureOverlap> overlap_;
  std::vector<FlowPlan> plans_;
  std::vector<std::array<Coverage, 2>> coverage_;
  std::optional<TickScale> ticks_;
  Alignment alignment_, alignment_used_;
  std::string why_swapped_, note_;
  std::uint64_t common_packets_ = 0;
};

}  // namespace tscope
