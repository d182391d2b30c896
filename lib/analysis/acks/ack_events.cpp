// SPDX-License-Identifier: MIT
#include "analysis/acks/ack_events.hpp"

#include <algorithm>

#include "analysis/acks/verdict_thresholds.hpp"

namespace tscope {

void AckEvents::add(const At& from, const At& to, std::uint64_t wire_bytes) {
  if (rate_bps_ == 0 || wire_bytes == 0) return;
  const std::int64_t gap = to.time_ns - from.time_ns;
  const double service = static_cast<double>(wire_bytes) * 8e9 / rate_bps_;
  const double part = static_cast<double>(gap) / service;
  if (part >= ack_verdict::compressed_below) {
    cut();
    return;
  }
  if (!current_) {
    current_ = {from.time_ns, 0, {from.number, 0}, 1, gap, gap, 0, part};
    service_ns_ = 0;
  }
  service_ns_ += service;
  current_->to_ns = to.time_ns;
  current_->packets[1] = to.number;
  current_->acks++;
  current_->shortest_ns = std::min(current_->shortest_ns, gap);
  current_->longest_ns = std::max(current_->longest_ns, gap);
  current_->of_service_time = static_cast<double>(to.time_ns - current_->from_ns) / service_ns_;
  current_->least_of_service_time = std::min(current_->least_of_service_time, part);
}

void AckEvents::cut() {
  if (!current_) return;
  if (kept_.size() < kept_max) {
    kept_.push_back(*current_);
  } else {
    left_out_++;
  }
  current_.reset();
}

std::vector<AckEvent> AckEvents::all() const {
  std::vector<AckEvent> events = kept_;
  if (current_) events.push_back(*current_);
  return events;
}

}  // namespace tscope
