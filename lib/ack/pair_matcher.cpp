// SPDX-License-Identifier: MIT
#include "ack/pair_matcher.hpp"

#include <algorithm>

namespace tscope {

namespace {

constexpr double ratio_scale = 1000;

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

PairMatcher::Ack PairMatcher::make(const TcpHeaders& tcp, const Packet& packet) {
  const bool real_ip = (packet.record.flags & TSCOPE_F_SYNTH_IP) == 0 && tcp.flow.src.family == 4;
  return {tcp.ack, tcp.seq, tcp.tsval, tcp.tsecr, tcp.ip_id, real_ip, packet.time_ns};
}

bool PairMatcher::same(const Ack& a, const Ack& b) {
  return a.ack == b.ack && a.seq == b.seq && a.tsval == b.tsval && a.tsecr == b.tsecr &&
         (!a.real_ip || !b.real_ip || a.ip_id == b.ip_id);
}

void PairMatcher::at_first(const TcpHeaders& tcp, const Packet& packet) {
  if (pending_.size() == pending_max) {
    pending_.pop_front();
    only_first_++;
  }
  pending_.push_back(make(tcp, packet));
}

void PairMatcher::at_second(const TcpHeaders& tcp, const Packet& packet) {
  Ack second = make(tcp, packet);
  // A merged record keeps the IP header of its first ACK, but the number of its last.
  if (packet.record.segs > 1) second.real_ip = false;
  const auto found =
      std::ranges::find_if(pending_, [&](const Ack& first) { return same(first, second); });
  if (found == pending_.end()) {
    only_second_++;
    return;
  }
  const auto before = static_cast<std::uint64_t>(found - pending_.begin());
  const std::uint64_t merged = std::min<std::uint64_t>(before, packet.record.segs - 1U);
  merged_ += merged;
  only_first_ += before - merged;
  compare(*found, second);
  pending_.erase(pending_.begin(), found + 1);
}

void PairMatcher::compare(const Ack& first, const Ack& second) {
  matched_++;
  if (second.time_ns < first.time_ns) {
    negative_++;
  } else {
    added_.add(second.time_ns - first.time_ns);
  }
  if (has_previous_) {
    const std::int64_t gap_first = first.time_ns - previous_first_.time_ns;
    const std::int64_t gap_second = second.time_ns - previous_second_.time_ns;
    gaps_first_.add(gap_first);
    gaps_second_.add(gap_second);
    if (gap_first > 0 && gap_second >= 0) {
      ratio_.add(static_cast<std::int64_t>(static_cast<double>(gap_second) /
                                           static_cast<double>(gap_first) * ratio_scale));
    }
  }
  has_previous_ = true;
  previous_first_ = first;
  previous_second_ = second;
}

AckPair PairMatcher::result(const Interface& first, const Interface& second,
                            std::int64_t segment_time_ns) const {
  AckPair pair;
  pair.first = first;
  pair.second = second;
  pair.matched = matched_;
  pair.only_first = only_first_ + pending_.size();
  pair.only_second = only_second_;
  pair.merged = merged_;
  pair.negative = negative_;
  pair.share_first = share(gaps_first_.below(segment_time_ns), gaps_first_.count());
  pair.share_second = share(gaps_second_.below(segment_time_ns), gaps_second_.count());
  pair.added_p50_ns = added_.quantile_ns(0.5);
  pair.added_p99_ns = added_.quantile_ns(0.99);
  pair.added_max_ns = added_.max_ns();
  pair.gap_ratio_p50 = static_cast<double>(ratio_.quantile_ns(0.5)) / ratio_scale;
  return pair;
}

}  // namespace tscope
