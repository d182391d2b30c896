// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>

namespace tscope {

/// The times that a file can have: from November 1968 to 2114, in ns. Any two of them differ
/// by less than 2^62, so that also two differences can be taken from each other.
inline constexpr std::int64_t earliest_ns = -(std::int64_t{1} << 55);
inline constexpr std::int64_t latest_ns = (std::int64_t{1} << 62) + earliest_ns - 1;

constexpr bool is_possible_time(std::int64_t time_ns) {
  return time_ns >= earliest_ns && time_ns <= latest_ns;
}

/// A duration as a file states it, a hundred years at most.
constexpr std::int64_t possible_span(std::uint64_t ns) {
  constexpr std::uint64_t longest = 100ULL * 365 * 86'400 * 1'000'000'000;
  return static_cast<std::int64_t>(std::min(ns, longest));
}

}  // namespace tscope
