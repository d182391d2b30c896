// SPDX-License-Identifier: MIT
#include "file/time_check.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace tscope {

namespace {

constexpr std::uint64_t finest_step_ns = 1000;  // below it the format's own resolution says more
constexpr std::uint64_t moves_to_tell_step = 16, packets_to_tell = 8;

// Unsigned, since a made-up file has any times.
std::uint64_t distance(std::int64_t a, std::int64_t b) {
  const auto difference = static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b);
  return a < b ? -difference : difference;
}

// 1, 2, 4 or 5 times a power of ten, or Windows' 1/64 s.
bool is_round(std::uint64_t step_ns) {
  if (step_ns == 15'625'000) return true;
  while (step_ns % 10 == 0) step_ns /= 10;
  return step_ns == 1 || step_ns == 2 || step_ns == 4 || step_ns == 5;
}

}  // namespace

void TimeCheck::check(Packet& packet) {
  const std::int64_t time = packet.time_ns;
  packets_++;
  if (!first_ns_) {
    first_ns_ = before_ns_ = time;
  } else {
    // Until the first time differs, there may be none.
    packet.late = !moved_ && time == *first_ns_;
    moved_ = moved_ || time != *first_ns_;
  }
  if (time == 0) {
    zero_++;
    packet.late = true;
  }
  find_step(time);
  if (packet.interface >= last_ns_.size()) last_ns_.resize(packet.interface + std::size_t{1});
  std::optional<std::int64_t>& last = last_ns_[packet.interface];
  if (last && time < *last && time != 0) {
    back_++;
    back_max_ns_ = std::max(back_max_ns_, distance(time, *last));
    packet.late = true;
  }
  last = time;
}

void TimeCheck::find_step(std::int64_t time_ns) {
  const std::uint64_t moved = distance(time_ns, before_ns_);
  before_ns_ = time_ns;
  if (moved == 0) {
    stands_++;
    return;
  }
  moves_++;
  regular_ += moved == moved_ns_[0] || moved == moved_ns_[1] ? 1 : 0;
  moved_ns_[moves_ % 2] = moved;
  if (step_ns_ == 0 || step_ns_ > finest_step_ns) step_ns_ = std::gcd(step_ns_, moved);
}

// Times may have a common measure because the packets came regularly. A clock's steps are round,
// and seen as such where packets share a time or come irregularly.
bool TimeCheck::is_coarse() const {
  if (moves_ < moves_to_tell_step || step_ns_ <= finest_step_ns || !is_round(step_ns_))
    return false;
  return stands_ * 10 >= moves_ || regular_ * 10 < moves_ * 7;
}

void TimeCheck::report(Census& census) const {
  const bool none = packets_ >= packets_to_tell && !moved_;
  census.without_time = none ? packets_ : packets_ >= packets_to_tell && zero_ > 1 ? zero_ : 0;
  constexpr auto longest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  census.back_in_time = back_;
  census.back_max_ns = static_cast<std::int64_t>(std::min(back_max_ns_, longest));
  census.step_ns = is_coarse() ? static_cast<std::int64_t>(std::min(step_ns_, longest)) : 0;
}

}  // namespace tscope
