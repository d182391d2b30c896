// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "tscope/analysis/delay_report.hpp"

namespace tscope {

/// "retransmissions", "segments without data".
std::string kind_text(PacketKind kind);
/// "app-tx > socket-tx".
std::string stage_name(const DelayStage& stage);

/// A table of stages, `name_width` columns for their names.
std::string stage_head(std::size_t name_width);
std::string stage_row(const DelayStage& stage, const std::string& name, std::size_t name_width,
                      const std::string& remark);

/// Each flow's times over the whole way, most packets first; the rest counted.
std::string flow_table(const DelayReport& report, bool all);

struct CdfColumn {
  std::string name;
  const DelayStage* stage;
};
/// Shares below a row's time, the columns side by side: at most four fit a page.
std::string cdf_table(const std::vector<CdfColumn>& columns, bool ascii);

}  // namespace tscope
