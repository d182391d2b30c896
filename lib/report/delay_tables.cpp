// SPDX-License-Identifier: MIT
#include "report/delay_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "report/table.hpp"
#include "report/text.hpp"
#include "tscope/base/units.hpp"

namespace tscope {

namespace {

constexpr Table cdf_layout{13, 21};
constexpr std::size_t bar_width = 10;
constexpr double cdf_low = 0.005, cdf_high = 0.995;  // rows outside hold next to nothing

double share_below(const DelayStage& stage, std::int64_t ns) {
  double share = stage.cdf.empty() || ns > stage.cdf.back().ns ? 1 : 0;
  for (const CdfPoint& point : stage.cdf) {
    if (point.ns <= ns) share = point.share;
  }
  return share;
}

}  // namespace

std::string kind_text(PacketKind kind) {
  switch (kind) {
    case PacketKind::data:
      return "data";
    case PacketKind::retransmission:
      return "retransmissions";
    case PacketKind::duplicate:
      return "data that was there already";
    case PacketKind::control:
      return "segments without data";
    case PacketKind::datagram:
      return "datagrams";
    case PacketKind::echo:
      return "echoes that the kernel answers";
  }
  return "";
}

std::string stage_name(const DelayStage& stage) {
  return fmt::format("{} > {}", vantage_name(stage.from), vantage_name(stage.to));
}

std::string stage_head(std::size_t name_width) {
  return fmt::format("  {}{:>9} {:>9} {:>9} {:>9} {:>8}\n", padded("", name_width), "median",
                     "90 %", "99 %", "longest", "share");
}

std::string stage_row(const DelayStage& stage, const std::string& name, std::size_t name_width,
                      const std::string& remark) {
  return ended_line(fmt::format("  {}{:>9} {:>9} {:>9} {:>9} {:>8}  {}", padded(name, name_width),
                                format_duration(stage.p50_ns), format_duration(stage.p90_ns),
                                format_duration(stage.p99_ns), format_duration(stage.max_ns),
                                percent(stage.share), remark));
}

std::string cdf_table(const std::vector<CdfColumn>& columns, bool ascii) {
  std::set<std::int64_t> rows;
  for (const CdfColumn& column : columns) {
    for (const CdfPoint& point : column.stage->cdf) rows.insert(point.ns);
  }
  std::vector<std::string> names;
  names.reserve(columns.size());
  for (const CdfColumn& column : columns) names.push_back(column.name);
  std::string text = "\n" + cdf_layout.row("share below", names);
  for (const std::int64_t ns : rows) {
    std::vector<double> shares;
    shares.reserve(columns.size());
    for (const CdfColumn& column : columns) shares.push_back(share_below(*column.stage, ns));
    if (*std::ranges::max_element(shares) < cdf_low) continue;
    std::vector<std::string> cells;
    cells.reserve(shares.size());
    for (const double share : shares) {
      cells.push_back(fmt::format("{:>7} {}", percent(share), bar(share, bar_width, ascii)));
    }
    text += cdf_layout.row(format_duration(ns), cells);
    if (*std::ranges::min_element(shares) > cdf_high) break;
  }
  return text;
}

}  // namespace tscope
