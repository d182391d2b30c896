// SPDX-License-Identifier: MIT
#include "report/table.hpp"

#include <utility>

#include "report/text.hpp"

namespace tscope {

std::string ended_line(std::string text) {
  text.erase(text.find_last_not_of(" \n") + 1);
  return text + "\n";
}

std::string Table::row(const std::string& label, const std::vector<std::string>& cells) const {
  std::string line = "  " + padded(label, label_width);
  for (const std::string& cell : cells) line += padded(cell, column_width);
  return ended_line(std::move(line));
}

}  // namespace tscope
