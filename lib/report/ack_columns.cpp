// SPDX-License-Identifier: MIT
#include "report/ack_columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/part.hpp"
#include "report/text.hpp"
#include "tscope/base/units.hpp"

namespace tscope {

namespace {

constexpr int rows_per_segment_time = 4, segment_times_drawn = 4;

// The share of each row, the last one's for all gaps above the others.
std::vector<double> shares_of(const AckDistribution& d, const GapRows& rows) {
  std::vector<double> shares(static_cast<std::size_t>(rows.count) + 1);
  for (const HistogramBin& bin : d.histogram) {
    const std::int64_t middle = bin.from_ns + d.histogram.front().to_ns / 2;
    const auto index = std::min<std::int64_t>(rows.count, middle / rows.row_ns);
    shares[static_cast<std::size_t>(index)] += part(bin.count, d.gaps);
  }
  return shares;
}

std::string row_label(const GapRows& rows, int i, std::int64_t segment_time) {
  const auto edge = [&](std::int64_t ns) {
    return segment_time == 0 ? format_duration(ns)
                             : fmt::format("{:.2f}τ", static_cast<double>(ns) /
                                                          static_cast<double>(segment_time));
  };
  const std::int64_t from = i * rows.row_ns;
  if (i == rows.count) return edge(from) + " and more";
  return fmt::format("{} to {}", i == 0 && segment_time == 0 ? "0" : edge(from),
                     edge(from + rows.row_ns));
}

// Half a row of slack: a quarter of τ is rounded to the nanosecond.
bool ends_at(const GapRows& rows, int i, std::int64_t segment_time) {
  return i < rows.count && segment_time > 0 &&
         std::abs((i + 1) * rows.row_ns - segment_time) <
             std::max<std::int64_t>(4, rows.row_ns / 8);
}

}  // namespace

GapRows rows_by_segment_time(std::int64_t segment_time_ns) {
  return {std::max<std::int64_t>(1, segment_time_ns / rows_per_segment_time),
          rows_per_segment_time * segment_times_drawn};
}

std::string compressed_text(const AckDistribution& d) {
  return fmt::format("{} [{:.1f}, {:.1f}]", percent(d.compressed_share), 100 * d.share_low,
                     100 * d.share_high);
}

std::string gap_text(const AckDistribution& d, std::int64_t ns) {
  return d.gaps == 0 ? "-" : format_duration(ns);
}

AckColumns::AckColumns(std::vector<const AckDistribution*> distributions, Table table,
                       std::size_t bar_width)
    : distributions_(std::move(distributions)), table_(table), bar_width_(bar_width) {
}

std::string AckColumns::row(const std::string& label, const Cell& cell) const {
  std::vector<std::string> cells;
  cells.reserve(distributions_.size());
  for (const AckDistribution* d : distributions_) cells.push_back(cell(*d));
  return table_.row(label, cells);
}

bool AckColumns::any(const std::function<bool(const AckDistribution&)>& has) const {
  return std::ranges::any_of(distributions_, [&](const AckDistribution* d) { return has(*d); });
}

std::string AckColumns::quantiles() const {
  using D = const AckDistribution&;
  return row("  median", [](D d) { return gap_text(d, d.p50_ns); }) +
         row("  90 % below", [](D d) { return gap_text(d, d.p90_ns); }) +
         row("  99 % below", [](D d) { return gap_text(d, d.p99_ns); });
}

std::string AckColumns::shares_below() const {
  using D = const AckDistribution&;
  const auto share = [](D d, std::uint64_t count) {
    return d.segment_time_ns == 0 || d.gaps == 0 ? std::string("?") : percent(part(count, d.gaps));
  };
  return row("  below segment time", [&](D d) { return share(d, d.below_segment_time); }) +
         row("  below 3/4 of it", [&](D d) { return share(d, d.below_three_quarters); });
}

std::string AckColumns::modes(std::size_t most, const ModeCell& cell) const {
  std::size_t rows = 0;
  for (const AckDistribution* d : distributions_) rows = std::max(rows, d->modes.size());
  std::string text;
  for (std::size_t i = 0; i < std::min(most, rows); i++) {
    text += row(i == 0 ? "modes" : "", [&](const AckDistribution& d) {
      return i < d.modes.size() ? cell(d, d.modes[i]) : "";
    });
  }
  return text;
}

std::string AckColumns::histogram(const GapRows& rows, bool ascii) const {
  std::vector<std::vector<double>> columns;
  columns.reserve(distributions_.size());
  double largest = 0;
  for (const AckDistribution* d : distributions_) {
    columns.push_back(shares_of(*d, rows));
    largest = std::max(largest, *std::ranges::max_element(columns.back()));
  }
  if (largest == 0) return "";
  const std::int64_t segment_time = distributions_.front()->segment_time_ns;
  std::string text = segment_time > 0 ? fmt::format("\n  Gaps in segment times (τ = {}):\n",
                                                    format_duration(segment_time))
                                      : "\n  Gaps:\n";
  for (int i = 0; i <= rows.count; i++) {
    std::vector<std::string> cells;
    for (const std::vector<double>& column : columns) {
      const double share = column[static_cast<std::size_t>(i)];
      cells.push_back(
          fmt::format("{:>7} {}", percent(share), bar(share / largest, bar_width_, ascii)));
    }
    text += table_.row(row_label(rows, i, segment_time), cells);
    if (ends_at(rows, i, segment_time)) text += table_.row("", {"─── one segment time ───"});
  }
  return text;
}

}  // namespace tscope
