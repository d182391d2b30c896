// SPDX-License-Identifier: MIT
#include "reader/merge.hpp"

#include <algorithm>

namespace tscope {

// Records that came after the last release() stand behind the order_.size() known ones.
void Merge::drop_handed_out() {
  if (next_ == 0) return;
  kept_.clear();
  for (std::size_t i = next_; i < order_.size(); i++) kept_.push_back(records_[order_[i].index]);
  for (std::size_t i = order_.size(); i < records_.size(); i++) kept_.push_back(records_[i]);
  records_.swap(kept_);
}

void Merge::release(std::uint64_t tsc) {
  drop_handed_out();
  order_.clear();
  for (std::size_t i = 0; i < records_.size(); i++) {
    order_.push_back({records_[i].tsc, static_cast<std::uint32_t>(i)});
  }
  const auto earlier = [](const Key& a, const Key& b) {
    return a.tsc != b.tsc ? a.tsc < b.tsc : a.index < b.index;
  };
  std::ranges::sort(order_, earlier);
  next_ = 0;
  ready_ = static_cast<std::size_t>(
      std::ranges::upper_bound(order_, tsc, {}, &Key::tsc) - order_.begin());
}

const tscope_record* Merge::next(bool& late) {
  if (next_ >= ready_) return nullptr;
  const Key key = order_[next_++];
  late = key.tsc < newest_;
  if (late) late_++;
  newest_ = std::max(newest_, key.tsc);
  return &records_[key.index];
}

}  // namespace tscope
