// SPDX-License-Identifier: MIT
#include "analysis/delay/finished_flows.hpp"

#include <algorithm>
#include <tuple>

namespace tscope {

namespace {

// Among flows with as many packets the report names the first, so the last goes.
bool before(const FinishedFlows::One& a, const FinishedFlows::One& b) {
  const auto rank = [](const FinishedFlows::One& one) {
    return std::tuple(~one.packets, one.flow, one.outcomes.way(), one.netns);
  };
  return rank(a) < rank(b);
}

}  // namespace

std::uint8_t kinds_of(const Outcomes& outcomes) {
  unsigned kinds = 0;
  for (const auto& [key, count] : outcomes.counts()) kinds |= 1U << static_cast<unsigned>(key.kind);
  return static_cast<std::uint8_t>(kinds);
}

void FinishedFlows::add(const Flow& flow, std::uint32_t netns, bool datagrams, bool has_socket,
                        Outcomes&& outcomes) {
  if (outcomes.counts().empty()) return;
  std::uint64_t packets = 0;
  for (const auto& [key, count] : outcomes.counts()) packets += count;
  std::vector<One>& heap = kept_[has_socket ? 1 : 0];
  heap.push_back({flow, netns, datagrams, has_socket, packets, std::move(outcomes)});
  std::ranges::push_heap(heap, before);
  if (heap.size() <= kept_max) return;
  std::ranges::pop_heap(heap, before);
  add_up(heap.back());
  heap.pop_back();
}

void FinishedFlows::add_up(const One& one) {
  Sum& sum = others_[{one.outcomes.way(), one.datagrams, one.has_socket, kinds_of(one.outcomes),
                      one.outcomes.found_from_bits()}];
  sum.flows++;
  sum.packets += one.packets;
  for (const auto& [key, count] : one.outcomes.counts()) sum.counts[key] += count;
}

std::vector<FinishedFlows::One> FinishedFlows::kept() && {
  std::vector<One> all;
  for (std::vector<One>& heap : kept_) {
    std::ranges::sort(heap, before);
    std::ranges::move(heap, std::back_inserter(all));
  }
  return all;
}

}  // namespace tscope
