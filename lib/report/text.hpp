// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>

namespace tscope {

/// Columns that UTF-8 text takes in a terminal: characters, not bytes.
std::size_t text_width(const std::string& text);

/// With blanks up to `columns`; one blank at least, so that neighbours stay apart.
std::string padded(const std::string& text, std::size_t columns);

/// Broken at blanks into lines of at most `columns`, each indented and ended.
std::string wrapped(const std::string& text, std::size_t columns, const std::string& indent);

/// "1 flow", "2 flows".
std::string counted(std::uint64_t count, const std::string& noun);

/// A horizontal bar of share * columns, in eighths of a column where the terminal has Unicode.
std::string bar(double share, std::size_t columns, bool ascii);

/// The few signs that reports use, as ASCII: µ, τ, ─, ±, ….
std::string to_ascii(std::string text);

}  // namespace tscope
