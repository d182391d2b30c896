// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <queue>
#include <utility>
#include <vector>

namespace tscope {

/// Puts records in the order in which a packet passes the vantage points.
///
/// Mostly that is the order of time already. Records that the reader delivered late are put in
/// their place; and one vantage point's record comes before the next one's even if its stamp is
/// later by up to `step_ns`, so that two CPUs' clocks that disagree show as a negative stage.
template <typename T>
class Reorder {
 public:
  static constexpr std::int64_t hold_ns = 50'000'000;
  static constexpr std::int64_t step_ns = 10'000;
  static constexpr std::size_t held_max = 1 << 16;

  template <typename Sink>
  void add(std::int64_t time_ns, std::size_t place, T value, const Sink& sink) {
    newest_ns_ = std::max(newest_ns_, time_ns);
    held_.push({time_ns + static_cast<std::int64_t>(place) * step_ns, count_++, std::move(value)});
    while (held_.size() > held_max || held_.top().key < newest_ns_ - hold_ns) release(sink);
  }

  template <typename Sink>
  void flush(const Sink& sink) {
    while (!held_.empty()) release(sink);
  }

 private:
  struct Held {
    std::int64_t key;
    std::uint64_t number;
    T value;
    bool operator>(const Held& other) const {
      return std::pair(key, number) > std::pair(other.key, other.number);
    }
  };

  template <typename Sink>
  void release(const Sink& sink) {
    const T value = held_.top().value;
    held_.pop();
    sink(value);
  }

  std::priority_queue<Held, std::vector<Held>, std::greater<>> held_;
  std::int64_t newest_ns_ = INT64_MIN / 2;
  std::uint64_t count_ = 0;
};

}  // namespace tscope
