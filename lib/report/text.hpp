// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace tscope {

/// Columns that a report takes at most.
inline constexpr std::size_t page_width = 100;

/// Returns the columns that UTF-8 text takes in a terminal: characters, not bytes.
std::size_t text_width(const std::string& text);

/// Returns the text with blanks up to `columns`; one blank at least, so that neighbours stay apart.
std::string padded(const std::string& text, std::size_t columns);

/// Breaks the text at blanks into lines of at most `columns`, and no more than the environment's
/// COLUMNS says, each indented and ended.
std::string wrapped(const std::string& text, std::size_t columns, const std::string& indent);

/// Returns "1 flow", "2 flows".
std::string counted(std::uint64_t count, const std::string& noun);

/// Returns "12.3 %".
std::string percent(double share, int digits = 1);

/// Returns the share that `some` has in `all` as percent() does; 0 of nothing.
std::string percent_of(std::uint64_t some, std::uint64_t all, int digits);

/// Returns "\n2 tables of fewer than 10 packets left out (--all shows them).", or nothing.
std::string left_out_text(std::uint64_t count, const std::string& noun, const std::string& which);

/// Returns a horizontal bar of share * columns, in eighths of a column where the terminal has
/// Unicode.
std::string bar(double share, std::size_t columns, bool ascii);

/// Writes the few signs that reports use as ASCII: µ, τ, ─, ±, ….
std::string to_ascii(std::string text);

}  // namespace tscope
