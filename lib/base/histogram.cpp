// SPDX-License-Identifier: MIT
#include "tscope/base/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace tscope {

namespace {

// A value is mantissa << exponent, with sub_bits + 1 bits of mantissa; below that the exponent
// is 0.
std::uint32_t bin_of(std::uint64_t value, int sub_bits) {
  const int exponent = std::max(0, static_cast<int>(std::bit_width(value)) - 1 - sub_bits);
  return (static_cast<std::uint32_t>(exponent) << sub_bits) +
         static_cast<std::uint32_t>(value >> exponent);
}

std::int64_t lower_edge(std::uint32_t bin, int sub_bits) {
  if (bin < 2U << sub_bits) return bin;
  const std::uint32_t exponent = (bin >> sub_bits) - 1;
  const std::uint64_t mantissa = bin - (exponent << sub_bits);
  return static_cast<std::int64_t>(mantissa << exponent);
}

}  // namespace

Histogram Histogram::coarse() {
  Histogram histogram;
  histogram.sub_bits_ = 6;
  return histogram;
}

void Histogram::add(std::int64_t value, std::uint64_t weight) {
  if (value < 0) return;
  Cell& cell = cells_[bin_of(static_cast<std::uint64_t>(value), sub_bits_)];
  cell.count++;
  cell.weight += weight;
  count_++;
  exact_below_ += value < exact_limit_ ? 1 : 0;
  max_ = std::max(max_, value);
}

std::vector<Histogram::Bin> Histogram::bins() const {
  std::vector<Bin> bins;
  bins.reserve(cells_.size());
  for (const auto& [index, cell] : cells_) {
    bins.push_back(
        {lower_edge(index, sub_bits_), lower_edge(index + 1, sub_bits_), cell.count, cell.weight});
  }
  std::ranges::sort(bins, {}, &Bin::from);
  return bins;
}

std::int64_t Histogram::quantile(double q) const {
  if (count_ == 0) return 0;
  const auto rank = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (const Bin& bin : bins()) {
    seen += bin.count;
    if (seen >= rank) return std::min(bin.middle(), max_);
  }
  return max_;
}

std::uint64_t Histogram::below(std::int64_t value) const {
  if (value == exact_limit_) return exact_below_;
  std::uint64_t sum = 0;
  for (const auto& [index, cell] : cells_) {
    if (lower_edge(index + 1, sub_bits_) <= value) sum += cell.count;
  }
  return sum;
}

}  // namespace tscope
