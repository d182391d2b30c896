// SPDX-License-Identifier: MIT
#include "tscope/base/duration_histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace tscope {

namespace {

// A duration is mantissa << exponent, with sub_bits + 1 bits of mantissa; below that the exponent
// is 0.
std::uint32_t bin_of(std::uint64_t ns, int sub_bits) {
  const int exponent = std::max(0, static_cast<int>(std::bit_width(ns)) - 1 - sub_bits);
  return (static_cast<std::uint32_t>(exponent) << sub_bits) +
         static_cast<std::uint32_t>(ns >> exponent);
}

std::int64_t lower_edge(std::uint32_t bin, int sub_bits) {
  if (bin < 2U << sub_bits) return bin;
  const std::uint32_t exponent = (bin >> sub_bits) - 1;
  const std::uint64_t mantissa = bin - (exponent << sub_bits);
  return static_cast<std::int64_t>(mantissa << exponent);
}

}  // namespace

DurationHistogram DurationHistogram::coarse() {
  DurationHistogram histogram;
  histogram.sub_bits_ = 6;
  return histogram;
}

void DurationHistogram::add(std::int64_t ns, std::uint64_t weight) {
  if (ns < 0) return;
  Cell& cell = cells_[bin_of(static_cast<std::uint64_t>(ns), sub_bits_)];
  cell.count++;
  cell.weight += weight;
  count_++;
  exact_below_ += ns < exact_ns_ ? 1 : 0;
  max_ = std::max(max_, ns);
}

std::vector<DurationHistogram::Bin> DurationHistogram::bins() const {
  std::vector<Bin> bins;
  bins.reserve(cells_.size());
  for (const auto& [index, cell] : cells_) {
    bins.push_back(
        {lower_edge(index, sub_bits_), lower_edge(index + 1, sub_bits_), cell.count, cell.weight});
  }
  std::ranges::sort(bins, {}, &Bin::from_ns);
  return bins;
}

std::int64_t DurationHistogram::quantile_ns(double q) const {
  if (count_ == 0) return 0;
  const auto rank = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (const Bin& bin : bins()) {
    seen += bin.count;
    if (seen >= rank) return std::min(bin.middle_ns(), max_);
  }
  return max_;
}

std::uint64_t DurationHistogram::below(std::int64_t ns) const {
  if (ns == exact_ns_) return exact_below_;
  std::uint64_t sum = 0;
  for (const auto& [index, cell] : cells_) {
    if (lower_edge(index + 1, sub_bits_) <= ns) sum += cell.count;
  }
  return sum;
}

}  // namespace tscope
