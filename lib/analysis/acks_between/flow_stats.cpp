// SPDX-License-Identifier: MIT
#include "analysis/acks_between/flow_stats.hpp"

#include <algorithm>

#include "analysis/acks/verdict_thresholds.hpp"

namespace tscope {

namespace {

using namespace ack_verdict;

constexpr double ratio_scale = 1000;

double scaled(const Histogram& ratios, double q) {
  return static_cast<double>(ratios.quantile(q)) / ratio_scale;
}

}  // namespace

FlowStats::FlowStats(const FlowPlan& plan, std::array<Coverage, 2> coverage,
                     std::array<std::int64_t, 2> resolution_ns, const PairScale& scale)
    : plan_(plan),
      coverage_(coverage),
      scale_(scale),
      passed_(scale.overhead),
      to_second_(CompressionRuns::End::second, resolution_ns[1 - plan.into()],
                 resolution_ns[plan.into()]),
      to_last_(CompressionRuns::End::last, resolution_ns[1 - plan.into()],
               resolution_ns[plan.into()]),
      batches_(scale.segment_time_ns) {
  const std::size_t into = plan.into(), from = 1 - into;
  result_.flow = plan.flow;
  result_.first = {from, plan.points[from]};
  result_.second = {into, plan.points[into]};
  result_.direction_assumed = plan.assumed;
  result_.rate_bps = scale.rate_bps;
  result_.segment_time_ns = scale.segment_time_ns;
}

void FlowStats::align(PacketStamp& packet, std::size_t file, std::int64_t offset_ns) const {
  if (file == 1) packet.time_ns -= offset_ns;
}

void FlowStats::match(const PacketStamp& first, const PacketStamp& second,
                      std::optional<std::int64_t> offset_ns) {
  const std::size_t into = plan_.into();
  const std::array both{first, second};
  Held held{both[1 - into], both[into], std::nullopt, offset_ns.has_value()};
  result_.matched++;
  if (held.into.segs > 1) result_.merged += held.into.segs - 1U;
  align(held.from, 1 - into, offset_ns.value_or(0));
  align(held.into, into, offset_ns.value_or(0));
  const auto early = std::ranges::find_if(
      early_, [&](const PacketStamp& p) { return same_packet(p.identity, held.into.identity); });
  if (early != early_.end()) {
    held.last_ns = early->time_ns;
    early_.erase(early);
  }
  auto place = held_.end();
  while (place != held_.begin() && (place - 1)->into.time_ns > held.into.time_ns) --place;
  held_.insert(place, held);
  if (held_.size() > held_max) {
    emit(held_.front());
    held_.pop_front();
  }
}

void FlowStats::missing(std::size_t file, const PacketStamp& packet) {
  (coverage_[file].holds(packet.time_ns) ? result_.unmatched : result_.outside)[place(file)]++;
}

void FlowStats::arrived(const PacketStamp& packet, std::optional<std::int64_t> offset_ns) {
  PacketStamp at_last = packet;
  align(at_last, plan_.into(), offset_ns.value_or(0));
  const auto found = std::ranges::find_if(held_, [&](const Held& held) {
    return !held.last_ns && same_packet(held.into.identity, at_last.identity);
  });
  if (found == held_.end()) {
    if (early_.size() == early_max) early_.pop_front();
    early_.push_back(at_last);
    return;
  }
  // What the backlog merged arrives with the last one of it.
  auto each = found;
  for (int left = at_last.segs; left > 0 && !each->last_ns; left--) {
    each->last_ns = at_last.time_ns;
    if (each == held_.begin()) break;
    --each;
  }
}

void FlowStats::emit(const Held& held) {
  if (!held.aligned) {
    result_.unaligned++;
    previous_.reset();
    passed_.cut();
    to_second_.cut();
    to_last_.cut();
    batches_.cut();
    return;
  }
  const std::int64_t delay = held.into.time_ns - held.from.time_ns;
  if (delay < 0) {
    result_.negative++;
  } else {
    added_.add(delay);
  }
  if (held.from.late || held.into.late) {
    previous_.reset();
    passed_.cut();
    to_second_.cut();
    to_last_.cut();
    batches_.cut();
    return;
  }
  Passage passage{held.from.time_ns, held.into.time_ns, held.last_ns.value_or(0), false};
  passage.file_ns = {held.from.file_time_ns, held.into.file_time_ns};
  passage.packet_number = {held.from.packet_number, held.into.packet_number};
  any_poll_ = any_poll_ || held.into.softirq;
  if (previous_) {
    passage.in_last_poll = same_poll(previous_->into, held.into);
    const std::int64_t gap_first = held.from.time_ns - previous_->from.time_ns;
    const std::int64_t gap_second = held.into.time_ns - previous_->into.time_ns;
    if (gap_first > 0 && gap_second >= 0) {
      ratio_.add(static_cast<std::int64_t>(static_cast<double>(gap_second) /
                                           static_cast<double>(gap_first) * ratio_scale));
    }
  }
  passed_.add(held.from.time_ns, held.into.time_ns, held.from.delivered);
  to_second_.add(passage);
  if (scale_.segment_time_ns > 0) batches_.add(passage);
  if (held.last_ns) {
    any_last_ = true;
    to_last_.add(passage);
  } else if (plan_.last) {
    to_last_.cut();
  }
  previous_ = held;
}

AcksBetween FlowStats::finish() {
  for (const Held& held : held_) emit(held);
  held_.clear();
  to_second_.cut();
  to_last_.cut();
  batches_.cut();
  const std::uint64_t merged = std::min(result_.merged, result_.unmatched[0]);
  result_.merged = merged;
  result_.unmatched[0] -= merged;
  result_.gaps = passed_.gaps();
  if (scale_.rate_bps > 0) {
    result_.shares = passed_.shares(compressed_below, scale_.rate_bps);
    result_.at_065 = passed_.shares(cut_low, scale_.rate_bps);
    result_.at_085 = passed_.shares(cut_high, scale_.rate_bps);
  }
  result_.xi = to_second_.events();
  result_.gap_ratio_p10 = scaled(ratio_, 0.1);
  result_.gap_ratio_p50 = scaled(ratio_, 0.5);
  result_.gap_ratio_p90 = scaled(ratio_, 0.9);
  result_.delays = added_.count();
  result_.added_p50_ns = added_.quantile(0.5);
  result_.added_p99_ns = added_.quantile(0.99);
  result_.added_max_ns = added_.max();
  if (scale_.segment_time_ns > 0) result_.batches = batches_.result();
  if (any_last_) {
    result_.origin = to_last_.origin();
    result_.origin->last = *plan_.last;
  } else if (any_poll_) {
    result_.origin = to_second_.origin();
    result_.origin->last = result_.second.interface;
  }
  return result_;
}

}  // namespace tscope
