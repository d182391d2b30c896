// SPDX-License-Identifier: MIT
#include "analysis/acks_between/events.hpp"

#include <algorithm>

namespace tscope {

namespace {

constexpr double compressed_below = 0.75, xi_scale = 1000;
constexpr std::uint64_t run_min = 3;
constexpr std::int64_t apart_part = 2, close_part = 4;  // of τ

}  // namespace

void CompressionRuns::add(const Passage& passage) {
  if (has_previous_) {
    const std::int64_t sent = passage.first_ns - previous_.first_ns - first_resolution_;
    const std::int64_t received = stamp(passage) - stamp(previous_) + second_resolution_;
    const bool compressed =
        sent > 0 && received >= 0 &&
        static_cast<double>(received) < compressed_below * static_cast<double>(sent);
    if (!compressed) {
      close();
    } else if (run_ == 0) {
      begin_ = previous_;
      run_ = 2;
      one_poll_ = passage.in_last_poll;
    } else {
      run_++;
      one_poll_ = one_poll_ && passage.in_last_poll;
    }
  }
  has_previous_ = true;
  previous_ = passage;
}

void CompressionRuns::cut() {
  close();
  has_previous_ = false;
}

void CompressionRuns::close() {
  if (run_ >= run_min) {
    const std::int64_t sent = previous_.first_ns - begin_.first_ns;
    const std::int64_t driver = previous_.second_ns - begin_.second_ns;
    const std::int64_t received = stamp(previous_) - stamp(begin_);
    events_.events++;
    events_.acks += run_;
    events_.longest = std::max(events_.longest, run_);
    const double xi = static_cast<double>(received + second_resolution_) /
                      static_cast<double>(sent - first_resolution_);
    xi_.add(static_cast<std::int64_t>(xi * xi_scale));
    if (keeps_) keep(xi);
    origin_.events++;
    if (driver - received > sent - driver) {
      origin_.in_kernel++;
    } else if (one_poll_) {
      origin_.one_poll++;
    } else {
      origin_.between++;
    }
  }
  run_ = 0;
}

void CompressionRuns::keep(double xi) {
  if (events_.list.size() == kept_max) {
    events_.left_out++;
    return;
  }
  CompressionEvent event;
  for (std::size_t i = 0; i < 2; i++) {
    event.at[i] = {begin_.file_ns[i],
                   previous_.file_ns[i],
                   {begin_.packet_number[i], previous_.packet_number[i]}};
  }
  event.acks = run_;
  event.xi = xi;
  events_.list.push_back(event);
}

CompressionEvents CompressionRuns::events() const {
  CompressionEvents result = events_;
  result.xi_p50 = static_cast<double>(xi_.quantile(0.5)) / xi_scale;
  return result;
}

void BatchFinder::add(const Passage& passage) {
  const std::int64_t gap_first = passage.first_ns - previous_.first_ns;
  const std::int64_t gap_second = passage.second_ns - previous_.second_ns;
  if (has_previous_ && apart_part * gap_first >= segment_time_ns_ &&
      close_part * gap_second < segment_time_ns_) {
    run_++;
  } else {
    cut();
  }
  has_previous_ = true;
  previous_ = passage;
}

void BatchFinder::cut() {
  if (run_ > 1) {
    sizes_[std::min(run_, size_max)]++;
    acks_ += run_;
    count_++;
  }
  run_ = 1;
  has_previous_ = false;
}

AckBatches BatchFinder::result() const {
  AckBatches result;
  result.count = count_;
  result.acks = acks_;
  for (const auto& [acks, count] : sizes_) result.sizes.push_back({acks, count});
  return result;
}

}  // namespace tscope
