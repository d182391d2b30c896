// SPDX-License-Identifier: MIT
#include "live/reader/merge.hpp"

#include <algorithm>

namespace tscope {

namespace {

constexpr unsigned give_back_after = 256;  // records, so that a full ring gets room soon

// A stamp so far ahead of now, in windows, is no skew between CPUs any more.
constexpr std::uint64_t future_windows = 64;
constexpr std::uint64_t future_without_window = 1ULL << 30;  // ticks

}  // namespace

Merge::Merge(std::vector<Ring> rings, std::uint64_t window)
    : rings_(std::move(rings)),
      queues_(rings_.size()),
      window_(window),
      future_(window > 0 ? window * future_windows : future_without_window) {
  heads_.reserve(rings_.size());
  for (std::size_t i = 0; i < rings_.size(); i++) {
    queues_[i].cursor = queues_[i].held = rings_[i].tail();
    queues_[i].waiting.reserve(rings_[i].slots());
    queues_[i].done.resize(rings_[i].slots());
  }
}

void Merge::leave_out(std::size_t ring) {
  invalid_++;
  queues_[ring].done[queues_[ring].cursor++ & (rings_[ring].slots() - 1)] = 1;
}

void Merge::look_at(std::size_t ring, std::uint64_t newest_possible) {
  Queue& queue = queues_[ring];
  queue.waiting.erase(queue.waiting.begin(),
                      queue.waiting.begin() + static_cast<std::ptrdiff_t>(queue.first));
  queue.first = 0;
  // Not further than a lap: a slot whose lap number does not change any more is a broken ring.
  while (queue.cursor - queue.held < rings_[ring].slots()) {
    const tscope_record* record = rings_[ring].committed(queue.cursor);
    if (record == nullptr) return;
    const std::uint64_t tsc = record->tsc;
    if (tsc > newest_possible || !sound(*record, rings_[ring].cpu())) {
      leave_out(ring);
      continue;
    }
    // Nearly in order: only a hook that interrupted another one comes before its neighbours.
    queue.waiting.push_back({tsc, queue.cursor++});
    for (std::size_t i = queue.waiting.size() - 1; i > 0 && queue.waiting[i - 1].tsc > tsc; i--) {
      std::swap(queue.waiting[i - 1], queue.waiting[i]);
    }
  }
}

void Merge::make_room(std::size_t ring) {
  const Queue& queue = queues_[ring];
  const std::size_t enough = rings_[ring].slots() / 4;
  if (queue.waiting.size() <= enough) return;
  limit_ = std::max(limit_, queue.waiting[queue.waiting.size() - enough - 1].tsc);
}

void Merge::give_back(std::size_t ring) {
  Queue& queue = queues_[ring];
  const std::uint64_t mask = rings_[ring].slots() - 1;
  const std::uint64_t before = queue.held;
  while (queue.held != queue.cursor && queue.done[queue.held & mask] != 0) {
    queue.done[queue.held++ & mask] = 0;
  }
  if (queue.held != before) rings_[ring].give_back(queue.held);
}

void Merge::begin_round() {
  chosen_ = false;
  heads_.clear();
  for (std::size_t i = 0; i < queues_.size(); i++) {
    give_back(i);
    if (!queues_[i].empty()) heads_.push_back({queues_[i].oldest(), i});
  }
  std::make_heap(heads_.begin(), heads_.end());
}

void Merge::gather(std::uint64_t now) {
  limit_ = std::max(limit_, now - std::min(now, window_));
  for (std::size_t i = 0; i < rings_.size(); i++) {
    look_at(i, now + future_);
    make_room(i);
  }
  begin_round();
}

void Merge::gather_rest(std::uint64_t now) {
  for (std::size_t i = 0; i < rings_.size(); i++) {
    look_at(i, now + future_);
    // After a stop every slot is committed; what is not will never be.
    while (queues_[i].cursor < rings_[i].head() &&
           queues_[i].cursor - queues_[i].held < rings_[i].slots()) {
      leave_out(i);
      look_at(i, now + future_);
    }
  }
  limit_ = UINT64_MAX;
  begin_round();
}

bool Merge::choose_ring() {
  if (chosen_ && !queues_[ring_].empty()) {
    heads_.push_back({queues_[ring_].oldest(), ring_});
    std::push_heap(heads_.begin(), heads_.end());
  }
  chosen_ = !heads_.empty() && heads_.front().tsc <= limit_;
  if (!chosen_) return false;
  std::pop_heap(heads_.begin(), heads_.end());
  ring_ = heads_.back().ring;
  heads_.pop_back();
  until_ = heads_.empty() ? limit_ : std::min(limit_, heads_.front().tsc);
  return true;
}

const tscope_record* Merge::next(bool& late) {
  if (unreturned_ >= give_back_after) {
    unreturned_ = 0;
    for (std::size_t i = 0; i < rings_.size(); i++) give_back(i);
  }
  const bool goes_on = chosen_ && !queues_[ring_].empty() && queues_[ring_].oldest() <= until_;
  if (!goes_on && !choose_ring()) {
    for (std::size_t i = 0; i < rings_.size(); i++) give_back(i);
    return nullptr;
  }
  Queue& queue = queues_[ring_];
  const Key key = queue.waiting[queue.first++];
  queue.done[key.index & (rings_[ring_].slots() - 1)] = 1;
  unreturned_++;
  late = key.tsc < newest_;
  if (late) late_++;
  newest_ = std::max(newest_, key.tsc);
  return &rings_[ring_].at(key.index);
}

}  // namespace tscope
