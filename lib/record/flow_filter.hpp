// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

#include "tscope/record/headers.hpp"

namespace tscope {

/// Keeps flows with a text in "src > dst", and counts what it leaves out. Remembers flows that it
/// left out, `remembered_max` at most, so that a capture's packets cost no text each.
class FlowFilter {
 public:
  static constexpr std::size_t remembered_max = 8192;

  /// Without a text every flow is kept. The text may be a line of a report: what stands behind a
  /// comma and around a whole flow does not count.
  explicit FlowFilter(std::optional<std::string> text);

  /// Returns true if this flow is kept. left_out() counts the calls that returned false.
  bool keeps(const Flow& flow);

  /// How often keeps() said no.
  std::uint64_t left_out() const { return left_out_; }

 private:
  bool has_text(const Flow& flow);

  std::optional<std::string> text_;
  std::unordered_set<Flow, FlowHash> unwanted_;
  std::uint64_t left_out_ = 0;
};

}  // namespace tscope
