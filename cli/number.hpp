// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

/// The number that all of the text is; nothing if it is none, or one out of bounds.
template <typename T>
std::optional<T> number_within(std::string_view text, T least, T most) {
  const char* end = text.data() + text.size();
  T value{};
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end || !(value >= least && value <= most)) return {};
  return value;
}
