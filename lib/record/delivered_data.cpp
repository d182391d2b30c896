// SPDX-License-Identifier: MIT
#include "record/delivered_data.hpp"

#include <algorithm>

namespace tscope {

namespace {

constexpr std::uint32_t step_max = 1U << 30;  // more than any window: not one connection's numbers

bool after(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b) > 0;
}

void count(std::uint32_t low, std::uint32_t high, const SentSegments& sent, Delivery& delivery) {
  if (!after(high, low)) return;
  delivery.bytes += high - low;
  delivery.segments += sent.segments_in(low, high);
}

}  // namespace

// Counts what lies between the ranges that are known, and joins these.
void DeliveredData::sack(const SackBlock& block, const SentSegments& sent, Delivery& delivery) {
  const bool new_data = after(block.high, block.low) && after(block.low, *highest_) &&
                        block.high - *highest_ < step_max;
  if (!new_data) return;  // DSACK, or nonsense
  Range joined{block.low, block.high};
  std::uint32_t at = block.low;
  auto first = sacked_.begin();
  while (first != sacked_.end() && after(joined.low, first->high)) ++first;
  auto last = first;
  for (; last != sacked_.end() && !after(last->low, joined.high); ++last) {
    if (after(last->low, at)) count(at, last->low, sent, delivery);
    if (after(last->high, at)) at = last->high;
    if (after(joined.low, last->low)) joined.low = last->low;
    if (after(last->high, joined.high)) joined.high = last->high;
  }
  count(at, block.high, sent, delivery);
  if (first == last && sacked_.size() == ranges_max) return;
  sacked_.insert(sacked_.erase(first, last), joined);
}

std::uint32_t DeliveredData::advance(std::uint32_t to, const SentSegments& sent,
                                     Delivery& delivery) {
  std::uint32_t at = *highest_;
  auto range = sacked_.begin();
  for (; range != sacked_.end() && !after(range->low, to); ++range) {
    if (after(range->low, at)) count(at, range->low, sent, delivery);
    if (after(range->high, at)) at = range->high;
  }
  count(at, to, sent, delivery);
  sacked_.erase(sacked_.begin(), range);
  return to;
}

Delivery DeliveredData::add(const TcpHeaders& tcp, std::span<const SackBlock> blocks,
                            const SentSegments& sent) {
  Delivery delivery;
  const bool same_window = tcp.window == window_;
  window_ = tcp.window;
  if (!highest_ || tcp.ack - *highest_ + step_max > 2 * step_max) {
    highest_ = tcp.ack;
    sacked_.clear();
    hole_ = false;
    delivery.kind = Delivery::Kind::first;
    return delivery;
  }
  const bool advances = after(tcp.ack, *highest_);
  if (advances) highest_ = advance(tcp.ack, sent, delivery);
  for (const SackBlock& block : blocks) sack(block, sent, delivery);
  if (advances && hole_) {
    hole_ = false;
    delivery.kind = Delivery::Kind::after_hole;
  } else if (delivery.bytes > 0) {
    delivery.kind = Delivery::Kind::data;
  } else if (tcp.ack == *highest_ && same_window && tcp.sack_blocks == 0) {
    hole_ = true;
  }
  return delivery;
}

}  // namespace tscope
