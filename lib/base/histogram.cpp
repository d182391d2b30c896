// SPDX-License-Identifier: MIT
#include "tscope/base/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

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

Histogram::Cell& Histogram::cell_of(std::uint32_t bin) {
  const std::size_t last = cells_.size() - 1;
  // By the golden ratio (D. Knuth), so that neighbours don't get in each other's way.
  std::size_t place = bin * 0x9e3779b97f4a7c15U >> 32;
  while (cells_[place & last].count > 0 && cells_[place & last].bin != bin) place++;
  return cells_[place & last];
}

void Histogram::grow() {
  constexpr std::size_t at_first = 16;
  const std::vector<Cell> smaller =
      std::exchange(cells_, std::vector<Cell>(cells_.empty() ? at_first : 2 * cells_.size()));
  for (const Cell& cell : smaller) {
    if (cell.count > 0) cell_of(cell.bin) = cell;
  }
}

void Histogram::add(std::int64_t value) {
  if (value < 0) return;
  if (used_ * 4 >= cells_.size() * 3) grow();
  const std::uint32_t bin = bin_of(static_cast<std::uint64_t>(value), sub_bits_);
  Cell& cell = cell_of(bin);
  used_ += cell.count == 0 ? 1 : 0;
  cell.bin = bin;
  cell.count++;
  count_++;
  exact_below_ += value < exact_limit_ ? 1 : 0;
  max_ = std::max(max_, value);
}

std::vector<Histogram::Bin> Histogram::bins() const {
  std::vector<Bin> bins;
  bins.reserve(used_);
  for (const Cell& cell : cells_) {
    if (cell.count == 0) continue;
    bins.push_back(
        {lower_edge(cell.bin, sub_bits_), lower_edge(cell.bin + 1, sub_bits_), cell.count});
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
  for (const Cell& cell : cells_) {
    if (lower_edge(cell.bin + 1, sub_bits_) <= value) sum += cell.count;
  }
  return sum;
}

}  // namespace tscope
