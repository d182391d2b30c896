// SPDX-License-Identifier: MIT
#include "analysis/acks/modes.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace tscope {

namespace {

// docs/ack-report.md, "Modes", says what these are for.
constexpr double mode_share_min = 0.01;
constexpr double valley_max = 0.75;
constexpr std::size_t modes_max = 8;
// Beside the IP packet: nothing, the header, its FCS too, preamble and gap too (IEEE 802.3).
constexpr std::uint32_t ethernet_overheads[] = {0, 14, 18, 38};
constexpr double near_multiple = 0.10, multiples_named = 4;
constexpr double mode_uncertainty = 0.01;  // of a bin's mean and of a shaper's rate

struct Heap {  // what lies in one bin
  std::uint64_t count = 0;
  double sum_ns = 0;

  double mean_ns() const { return sum_ns / static_cast<double>(count); }
};

using Heaps = std::map<std::int64_t, Heap>;

template <typename IndexOf>
Heaps heap_up(const std::vector<Histogram::Bin>& bins, IndexOf index_of) {
  Heaps heaps;
  for (const auto& bin : bins) {
    Heap& heap = heaps[index_of(bin.middle())];
    heap.count += bin.count;
    heap.sum_ns += static_cast<double>(bin.middle()) * static_cast<double>(bin.count);
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

std::uint64_t lowest_between(const Heaps& heaps, std::int64_t from, std::int64_t to) {
  std::uint64_t lowest = count_at(heaps, from);
  std::int64_t expected = from;
  for (auto at = heaps.find(from); at != heaps.end() && at->first <= to; ++at, ++expected) {
    if (at->first != expected) return 0;
    lowest = std::min(lowest, at->second.count);
  }
  return lowest;
}

// Peaks in ascending order; of two without a clear valley between them the higher one.
std::vector<std::int64_t> peaks(const Heaps& heaps, std::uint64_t least) {
  std::vector<std::int64_t> result;
  for (const auto& [index, heap] : heaps) {
    if (heap.count < least || !is_peak(heaps, index, heap.count)) continue;
    if (!result.empty()) {
      const std::uint64_t before = count_at(heaps, result.back());
      const auto smaller = static_cast<double>(std::min(before, heap.count));
      if (static_cast<double>(lowest_between(heaps, result.back(), index)) > valley_max * smaller) {
        if (heap.count > before) result.back() = index;
        continue;
      }
    }
    result.push_back(index);
  }
  return result;
}

std::uint64_t part_of(std::uint64_t count, double share) {
  return std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count))));
}

}  // namespace

std::vector<HistogramBin> equal_bins(const Histogram& gaps, std::int64_t bin_ns,
                                     std::int64_t limit_ns) {
  const auto bins = static_cast<std::size_t>(limit_ns / bin_ns);
  std::vector<HistogramBin> result(bins + 1);
  for (std::size_t i = 0; i <= bins; i++) {
    result[i].from_ns = static_cast<std::int64_t>(i) * bin_ns;
    result[i].to_ns = result[i].from_ns + bin_ns;
  }
  result.back().to_ns = std::max(result.back().to_ns, gaps.max() + 1);
  for (const auto& bin : gaps.bins()) {
    result[std::min(bins, static_cast<std::size_t>(bin.middle() / bin_ns))].count += bin.count;
  }
  return result;
}

Modes find_modes(const Histogram& gaps, std::int64_t bin_ns, std::int64_t segment_time_ns) {
  Modes modes;
  const Heaps heaps = heap_up(gaps.bins(), [&](std::int64_t ns) { return ns / bin_ns; });
  for (const std::int64_t index : peaks(heaps, part_of(gaps.count(), mode_share_min))) {
    const Heap& heap = heaps.at(index);
    AckMode mode;
    mode.at_ns = std::llround(heap.mean_ns());
    mode.multiple = segment_time_ns > 0
                        ? static_cast<double>(mode.at_ns) / static_cast<double>(segment_time_ns)
                        : 0;
    mode.share = static_cast<double>(heap.count) / static_cast<double>(gaps.count());
    modes.all.push_back(mode);
  }
  std::ranges::stable_sort(modes.all, std::greater{}, &AckMode::share);
  const auto below = std::ranges::find_if(
      modes.all, [&](const AckMode& mode) { return mode.at_ns < segment_time_ns; });
  if (below != modes.all.end()) modes.below = *below;
  if (modes.all.size() > modes_max) modes.all.resize(modes_max);
  return modes;
}

void name_frames(Modes& modes, std::uint32_t mtu, double rate_bps) {
  const auto name = [&](AckMode& mode) {
    const double k = std::round(mode.multiple);
    if (k < 1 || k > multiples_named || std::abs(mode.multiple - k) > near_multiple * k) return;
    for (const std::uint32_t overhead : ethernet_overheads) {
      const double expected_ns = k * (mtu + overhead) * 8e9 / rate_bps;
      const double off = std::abs(static_cast<double>(mode.at_ns) / expected_ns - 1);
      if (off <= mode_uncertainty) mode.frame_bytes.push_back(mtu + overhead);
    }
  };
  if (rate_bps <= 0) return;
  std::ranges::for_each(modes.all, name);
  if (modes.below) name(*modes.below);
}

}  // namespace tscope
