// SPDX-License-Identifier: MIT
#include "ack/modes.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace tscope {

namespace {

constexpr double mode_share_min = 0.01;
constexpr std::size_t modes_max = 8;
// For inference: bins an eighth of a doubling wide, and a mode must hold this share.
constexpr double bins_per_octave = 8;
constexpr double first_mode_share_min = 0.10;
constexpr std::uint64_t gaps_for_inference = 50;

struct Heap {  // what lies in one bin
  std::uint64_t count = 0;
  double sum_ns = 0;
  std::uint64_t weight = 0;
};

using Heaps = std::map<std::int64_t, Heap>;

template <typename IndexOf>
Heaps heap_up(const DurationHistogram& gaps, IndexOf index_of) {
  Heaps heaps;
  for (const auto& bin : gaps.bins()) {
    Heap& heap = heaps[index_of(bin.middle_ns())];
    heap.count += bin.count;
    heap.sum_ns += static_cast<double>(bin.middle_ns()) * static_cast<double>(bin.count);
    heap.weight += bin.weight;
  }
  return heaps;
}

std::uint64_t count_at(const Heaps& heaps, std::int64_t index) {
  const auto found = heaps.find(index);
  return found == heaps.end() ? 0 : found->second.count;
}

// Higher than the left neighbour, not lower than the right: of equal neighbours the first counts.
bool is_peak(const Heaps& heaps, std::int64_t index, std::uint64_t count) {
  return count > count_at(heaps, index - 1) && count >= count_at(heaps, index + 1);
}

}  // namespace

std::vector<HistogramBin> equal_bins(const DurationHistogram& gaps, std::int64_t bin_ns,
                                     std::int64_t limit_ns) {
  const auto bins = static_cast<std::size_t>(limit_ns / bin_ns);
  std::vector<HistogramBin> result(bins + 1);
  for (std::size_t i = 0; i <= bins; i++) {
    result[i].from_ns = static_cast<std::int64_t>(i) * bin_ns;
    result[i].to_ns = result[i].from_ns + bin_ns;
  }
  result.back().to_ns = std::max(result.back().to_ns, gaps.max_ns() + 1);
  for (const auto& bin : gaps.bins()) {
    result[std::min(bins, static_cast<std::size_t>(bin.middle_ns() / bin_ns))].count += bin.count;
  }
  return result;
}

std::vector<AckMode> find_modes(const DurationHistogram& gaps, std::int64_t bin_ns,
                                std::int64_t segment_time_ns) {
  std::vector<AckMode> modes;
  const Heaps heaps = heap_up(gaps, [&](std::int64_t ns) { return ns / bin_ns; });
  for (const auto& [index, heap] : heaps) {
    const double share = static_cast<double>(heap.count) / static_cast<double>(gaps.count());
    if (share < mode_share_min || !is_peak(heaps, index, heap.count)) continue;
    AckMode mode;
    mode.at_ns = std::llround(heap.sum_ns / static_cast<double>(heap.count));
    mode.multiple = segment_time_ns > 0
                        ? static_cast<double>(mode.at_ns) / static_cast<double>(segment_time_ns)
                        : 0;
    mode.share = share;
    modes.push_back(mode);
  }
  std::ranges::stable_sort(modes, std::greater{}, &AckMode::share);
  if (modes.size() > modes_max) modes.resize(modes_max);
  return modes;
}

std::int64_t infer_segment_time(const DurationHistogram& gaps, std::uint32_t mss) {
  if (gaps.count() < gaps_for_inference || mss == 0) return 0;
  const Heaps heaps = heap_up(gaps, [](std::int64_t ns) {
    return std::llround(std::log2(static_cast<double>(std::max<std::int64_t>(1, ns))) *
                        bins_per_octave);
  });
  for (const auto& [index, heap] : heaps) {
    const double share = static_cast<double>(heap.count) / static_cast<double>(gaps.count());
    if (share < first_mode_share_min || !is_peak(heaps, index, heap.count)) continue;
    // A gap that ACKs two segments took the time of two.
    const double acked = static_cast<double>(heap.weight) / static_cast<double>(heap.count);
    const double segments = std::max(1.0, std::round(acked / mss));
    return std::llround(heap.sum_ns / static_cast<double>(heap.count) / segments);
  }
  return 0;
}

}  // namespace tscope
