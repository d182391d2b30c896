// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "report/table.hpp"
#include "tscope/analysis/ack_report.hpp"

namespace tscope {

/// Flow directions with fewer gaps are left out of reports for people.
inline constexpr std::uint64_t gaps_to_show = 100;

/// The rows of a drawn histogram: `count` of row_ns each, and one for all gaps above.
struct GapRows {
  std::int64_t row_ns = 0;
  int count = 0;
};

/// Returns the rows in which gaps are drawn unless the user chose a bin: quarters of the segment
/// time, up to four times that.
GapRows rows_by_segment_time(std::int64_t segment_time_ns);

/// Returns "12.3 % [11.9, 12.7]": the compressed gaps with the confidence interval.
std::string compressed_text(const AckDistribution& distribution);

/// Returns a quantile of the gaps; "-" where there are none.
std::string gap_text(const AckDistribution& distribution, std::int64_t ns);

/// Shows distributions of ACKs side by side, a column each.
class AckColumns {
 public:
  using Cell = std::function<std::string(const AckDistribution&)>;
  using ModeCell = std::function<std::string(const AckDistribution&, const AckMode&)>;

  /// There is at least one distribution, and all have the same segment time. A histogram's longest
  /// bar takes `bar_width` columns.
  AckColumns(std::vector<const AckDistribution*> distributions, Table table, std::size_t bar_width);

  /// Returns a row with what `cell` tells of each distribution.
  std::string row(const std::string& label, const Cell& cell) const;

  /// Returns true if one of the distributions has it.
  bool any(const std::function<bool(const AckDistribution&)>& has) const;

  /// Returns the rows of the median, of what 90 and 99 % of the gaps are below, and of the longest.
  std::string quantiles() const;

  /// Returns the rows of what is below the segment time and three quarters of it.
  std::string shares_below() const;

  /// Returns a row for each mode, at most so many: the largest first.
  std::string modes(std::size_t most, const ModeCell& cell) const;

  /// Returns the gaps as bars; nothing if there are none.
  std::string histogram(const GapRows& rows, bool ascii) const;

 private:
  std::vector<const AckDistribution*> distributions_;
  Table table_;
  std::size_t bar_width_;
};

}  // namespace tscope
