// SPDX-License-Identifier: MIT
#include "record/flow_filter.hpp"

#include <fmt/format.h>

namespace tscope {

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
