// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tscope/analysis/delay_report.hpp"

namespace tscope {

/// Tables and rows of fewer packets are left out of reports for people.
inline constexpr std::uint64_t packets_to_show = 10;

/// Returns "retransmissions", "segments without data".
std::string kind_text(PacketKind kind);
/// Returns what was captured and saw nothing, changed addresses and fragments as lines of prose, or
/// nothing.
std::string absences_text(const DelayReport& report);

/// Returns "app-tx > socket-tx".
std::string stage_name(const DelayStage& stage);

/// Return the head and a row of a table of stages, with `name_width` columns for their names.
std::string stage_head(std::size_t name_width);
std::string stage_row(const DelayStage& stage, const std::string& name, std::size_t name_width,
                      const std::string& remark);

/// Returns each flow's times over the whole way, most packets first; the rest is counted.
std::string flow_table(const DelayReport& report, bool all);

struct CdfColumn {
  std::string name;
  const DelayStage* stage;
};
/// Returns the shares below each row's time, the columns side by side: at most four fit a page.
std::string cdf_table(const std::vector<CdfColumn>& columns, bool ascii);

}  // namespace tscope
