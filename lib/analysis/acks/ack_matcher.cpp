// SPDX-License-Identifier: MIT
#include "analysis/acks/ack_matcher.hpp"

#include <algorithm>

#include "analysis/acks/verdict_thresholds.hpp"

namespace tscope {

namespace {

constexpr double ratio_scale = 1000;

bool same(const AckStamp& a, const AckStamp& b) {
  return same_packet(a.identity, b.identity);
}

}  // namespace

AckStamp::AckStamp(const TcpHeaders& tcp, const Packet& packet,
                   const DeliveredSoFar& delivered_so_far)
    : identity(identity_of(tcp, packet.record)),
      time_ns(packet.time_ns),
      segs(packet.record.segs),
      delivered(delivered_so_far) {
}

void AckMatcher::at_first(const AckStamp& first) {
  const auto early =
      std::ranges::find_if(early_, [&](const AckStamp& second) { return same(first, second); });
  if (early != early_.end()) {
    compare(first, *early);
    early_.erase(early);
    return;
  }
  if (pending_.size() == pending_max) {
    pending_.pop_front();
    only_first_++;
  }
  pending_.push_back({first});
}

void AckMatcher::at_second(const AckStamp& second) {
  auto found = std::ranges::find_if(
      pending_, [&](const Waiting& waiting) { return same(waiting.ack, second); });
  if (found == pending_.end()) {
    if (early_.size() == early_max) {
      early_.pop_front();
      only_second_++;
    }
    early_.push_back(second);
    return;
  }
  compare(found->ack, second);
  // The last of the segments merged is the one that matched; the others came right before it.
  const auto merged = std::min<std::ptrdiff_t>(found - pending_.begin(), second.segs - 1);
  merged_ += static_cast<std::uint64_t>(merged);
  found = pending_.erase(found - merged, found + 1);
  for (auto waiting = pending_.begin(); waiting != found; ++waiting) waiting->overtaken++;
  while (!pending_.empty() && pending_.front().overtaken > overtaken_max) {
    pending_.pop_front();
    only_first_++;
  }
}

void AckMatcher::compare(const AckStamp& first, const AckStamp& second) {
  matched_++;
  if (second.time_ns < first.time_ns) {
    negative_++;
  } else {
    added_.add(second.time_ns - first.time_ns);
  }
  const std::int64_t gap_first = first.time_ns - previous_first_ns_;
  const std::int64_t gap_second = second.time_ns - previous_second_ns_;
  if (has_previous_ && gap_first > 0 && gap_second >= 0) {
    ratio_.add(static_cast<std::int64_t>(static_cast<double>(gap_second) /
                                         static_cast<double>(gap_first) * ratio_scale));
  }
  passed_.add(first.time_ns, second.time_ns, first.delivered);
  has_previous_ = true;
  previous_first_ns_ = first.time_ns;
  previous_second_ns_ = second.time_ns;
}

AckStage AckMatcher::result(const Interface& first, const Interface& second,
                            double rate_bps) const {
  AckStage stage;
  stage.first = first;
  stage.second = second;
  stage.matched = matched_;
  stage.only_first = only_first_ + pending_.size();
  stage.only_second = only_second_ + early_.size();
  stage.merged = merged_;
  stage.negative = negative_;
  if (rate_bps > 0) {
    const PairShares shares = passed_.shares(ack_verdict::compressed_below, rate_bps);
    stage.share_first = shares.first;
    stage.share_second = shares.second;
  }
  stage.added_p50_ns = added_.quantile(0.5);
  stage.added_p99_ns = added_.quantile(0.99);
  stage.added_max_ns = added_.max();
  stage.gap_ratio_p50 = static_cast<double>(ratio_.quantile(0.5)) / ratio_scale;
  return stage;
}

}  // namespace tscope
