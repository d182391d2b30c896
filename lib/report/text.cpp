// SPDX-License-Identifier: MIT
#include "report/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace tscope {

std::size_t text_width(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string padded(const std::string& text, std::size_t columns) {
  const std::size_t used = text_width(text);
  return text + std::string(used < columns ? columns - used : 1, ' ');
}

namespace {

constexpr std::size_t narrowest_page = 40;

// As the shell or the user says how wide the terminal is.
std::size_t terminal_columns() {
  const char* const text = std::getenv("COLUMNS");
  const unsigned long columns = text == nullptr ? 0 : std::strtoul(text, nullptr, 10);
  return columns == 0 ? page_width : std::max<std::size_t>(columns, narrowest_page);
}

}  // namespace

std::string wrapped(const std::string& text, std::size_t columns, const std::string& indent) {
  columns = std::min(columns, terminal_columns());
  std::string result, line;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t blank = std::min(text.find(' ', from), text.size());
    const std::string word = text.substr(from, blank - from);
    from = blank + 1;
    if (!line.empty() && indent.size() + text_width(line) + 1 + text_width(word) > columns) {
      result += indent + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return result + indent + line + "\n";
}

std::string counted(std::uint64_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string percent(double share, int digits) {
  return fmt::format("{:.{}f} %", 100 * share, digits);
}

std::string percent_of(std::uint64_t some, std::uint64_t all, int digits) {
  const double of = all == 0 ? 0 : 100.0 * static_cast<double>(some) / static_cast<double>(all);
  return fmt::format("{:.{}f} %", of, digits);
}

std::string left_out_text(std::uint64_t count, const std::string& noun, const std::string& which) {
  if (count == 0) return "";
  return fmt::format("\n{} {} left out (--all shows them).\n", counted(count, noun), which);
}

std::string bar(double share, std::size_t columns, bool ascii) {
  const double length = std::clamp(share, 0.0, 1.0) * static_cast<double>(columns);
  if (ascii) return std::string(static_cast<std::size_t>(std::lround(length)), '#');
  const char* const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto whole = static_cast<std::size_t>(length);
  std::string text;
  for (std::size_t i = 0; i < whole; i++) text += "█";
  return text + eighths[static_cast<std::size_t>((length - static_cast<double>(whole)) * 8)];
}

std::string to_ascii(std::string text) {
  constexpr std::pair<const char*, const char*> signs[] = {
      {"µ", "u"}, {"τ", "T"}, {"─", "-"}, {"±", "+-"}, {"…", "..."}};
  for (const auto& [sign, plain] : signs) {
    const std::string from = sign;
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
      text.replace(at, from.size(), plain);
    }
  }
  return text;
}

}  // namespace tscope
