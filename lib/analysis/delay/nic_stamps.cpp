// SPDX-License-Identifier: MIT
#include "analysis/delay/nic_stamps.hpp"

#include <algorithm>
#include <boost/container_hash/hash.hpp>
#include <cstdlib>

namespace tscope {

namespace {

template <typename... Parts>
std::uint64_t hash_of(const Parts&... parts) {
  std::size_t seed = 0;
  (boost::hash_combine(seed, parts), ...);
  return seed;
}

}  // namespace

std::uint64_t nic_key(const void* flow, Way way, std::uint16_t device, const Segment& segment) {
  return hash_of(flow, static_cast<int>(way), device, segment.seq, segment.range, segment.ack,
                 segment.options, segment.ip_id.value);
}

std::uint64_t nic_key(const void* flow, Way way, std::uint16_t device, const Datagram& datagram) {
  return hash_of(flow, static_cast<int>(way), device, datagram.identity.key,
                 datagram.identity.ip_id.value);
}

void NicStampTable::add(std::uint64_t key, const Stamp& stamp) {
  waiting_.emplace(key, Waiting{next_, stamp});
  order_.emplace_back(key, next_++);
  if (order_.size() <= stamps_max) return;
  const auto [old_key, number] = order_.front();
  order_.pop_front();
  const auto [first, last] = waiting_.equal_range(old_key);
  for (auto at = first; at != last; ++at) {
    if (at->second.number != number) continue;
    waiting_.erase(at);
    forgotten_++;
    return;
  }
}

std::optional<Stamp> NicStampTable::take(std::uint64_t key, const Stamp& driver) {
  const auto distance = [&](const auto& entry) {
    return std::abs(entry.second.stamp.time_ns - driver.time_ns);
  };
  const auto [own, own_end] = expected_.equal_range(key);
  for (auto at = own; at != own_end; ++at) {
    if (at->second != driver.time_ns) continue;
    expected_.erase(at);
    break;
  }
  const auto [first, last] = waiting_.equal_range(key);
  if (first == last) return std::nullopt;
  auto best = first;
  for (auto at = first; at != last; ++at) {
    if (distance(*at) < distance(*best)) best = at;
  }
  const auto [rivals, rivals_end] = expected_.equal_range(key);
  const bool of_another = std::any_of(rivals, rivals_end, [&](const auto& rival) {
    return std::abs(best->second.stamp.time_ns - rival.second) < distance(*best);
  });
  if (of_another) return std::nullopt;
  Stamp stamp = best->second.stamp;
  waiting_.erase(best);
  // Its time was put on the others' line: there are no ticks to compare.
  stamp.clock = driver.clock;
  stamp.tsc = 0;
  return stamp;
}

}  // namespace tscope
