// SPDX-License-Identifier: MIT
#include "record/flow_filter.hpp"

#include <fmt/format.h>

#include <string_view>

namespace tscope {

namespace {

// What a report prints may have spaces around it, the way behind it, and a program's other arrow.
std::string as_in_flows(std::string text) {
  if (const auto comma = text.find(','); comma != std::string::npos) text.resize(comma);
  for (const std::string_view arrow : {"->", "\xe2\x86\x92"}) {
    const auto at = text.find(arrow);
    if (at != std::string::npos) {
      text = fmt::format("{}>{}", text.substr(0, at), text.substr(at + arrow.size()));
    }
  }
  constexpr std::string_view head_of_acks = "ACKs ";
  if (text.starts_with(head_of_acks)) text.erase(0, head_of_acks.size());
  const auto first = text.find_first_not_of(' ');
  if (first == std::string::npos) return "";
  const auto last = text.find_last_not_of(' ');
  // A part such as ":5001 " means what it says; a whole flow is copied with what stands around it.
  const bool whole = text.find('>') != std::string::npos;
  return whole ? text.substr(first, last - first + 1) : text;
}

}  // namespace

FlowFilter::FlowFilter(std::optional<std::string> text) {
  if (text) text_ = as_in_flows(std::move(*text));
}

bool FlowFilter::keeps(const Flow& flow) {
  if (!text_ || has_text(flow)) return true;
  left_out_++;
  return false;
}

bool FlowFilter::has_text(const Flow& flow) {
  if (unwanted_.contains(flow)) return false;
  const std::string both = fmt::format("{} > {}", flow.src.to_string(), flow.dst.to_string());
  if (both.find(*text_) != std::string::npos) return true;
  if (unwanted_.size() < remembered_max) unwanted_.insert(flow);
  return false;
}

}  // namespace tscope
