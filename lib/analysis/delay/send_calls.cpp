// SPDX-License-Identifier: MIT
#include "analysis/delay/send_calls.hpp"

#include <algorithm>

namespace tscope {

void SendCalls::add(const Segment& call) {
  if (call.length() == 0) return;
  if (!any_) first_ = call.begin;
  any_ = true;
  // One that took nothing is followed by another that begins where it did.
  while (!calls_.empty() && calls_.back().begin >= call.begin) calls_.pop_back();
  calls_.push_back({call.begin, call.end, call.stamp});
  if (calls_.size() > calls_max) calls_.pop_front();
}

const Stamp* SendCalls::find(std::int64_t byte) const {
  const auto after = std::ranges::upper_bound(calls_, byte, {}, &Call::begin);
  if (after == calls_.begin()) return nullptr;
  const Call& call = *std::prev(after);
  return byte < call.end ? &call.stamp : nullptr;
}

}  // namespace tscope
