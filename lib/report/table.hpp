// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace tscope {

/// Returns the text without blanks and line breaks at its end, and ends the line.
std::string ended_line(std::string text);

/// Widths of a table's columns. The first one is for labels, the others are equal.
struct Table {
  std::size_t label_width = 0, column_width = 0;

  /// Returns a line, indented by two.
  std::string row(const std::string& label, const std::vector<std::string>& cells) const;
};

}  // namespace tscope
