// SPDX-License-Identifier: MIT
#include "report/delay_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "report/text.hpp"
#include "tscope/base/units.hpp"

namespace tscope {

namespace {

constexpr std::size_t label_width = 13, column_width = 21, bar_width = 10;
constexpr double cdf_low = 0.005, cdf_high = 0.995;  // rows outside hold next to nothing

std::string percent(double share) {
  return fmt::format("{:.1f} %", 100 * share);
}

std::string trimmed(std::string line) {
  line.erase(line.find_last_not_of(" \n") + 1);
  return line + "\n";
}

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
  return trimmed(fmt::format("  {}{:>9} {:>9} {:>9} {:>9} {:>8}  {}", padded(name, name_width),
                             format_duration(stage.p50_ns), format_duration(stage.p90_ns),
                             format_duration(stage.p99_ns), format_duration(stage.max_ns),
                             percent(stage.share), remark));
}

std::string cdf_table(const std::vector<CdfColumn>& columns, bool ascii) {
  std::set<std::int64_t> rows;
  for (const CdfColumn& column : columns) {
    for (const CdfPoint& point : column.stage->cdf) rows.insert(point.ns);
  }
  std::string text = "\n  " + padded("share below", label_width);
  for (const CdfColumn& column : columns) text += padded(column.name, column_width);
  text = trimmed(text);
  for (const std::int64_t ns : rows) {
    std::vector<double> shares;
    shares.reserve(columns.size());
    for (const CdfColumn& column : columns) shares.push_back(share_below(*column.stage, ns));
    if (*std::ranges::max_element(shares) < cdf_low) continue;
    std::string line = "  " + padded(format_duration(ns), label_width);
    for (const double share : shares) {
      line += padded(fmt::format("{:>7} {}", percent(share), bar(share, bar_width, ascii)),
                     column_width);
    }
    text += trimmed(line);
    if (*std::ranges::min_element(shares) > cdf_high) break;
  }
  return text;
}

}  // namespace tscope
