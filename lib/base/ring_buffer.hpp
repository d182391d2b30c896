// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstddef>
#include <utility>
#include <vector>

namespace tscope {

/// The newest of a sequence, `max` at most: one more takes the place of the oldest. Memory grows
/// up to that only as it is needed.
template <typename T, std::size_t max>
class RingBuffer {
 public:
  static_assert(std::has_single_bit(max));

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// 0 is the oldest.
  const T& operator[](std::size_t index) const { return slots_[place_of(index)]; }
  T& back() { return slots_[place_of(size_ - 1)]; }

  void push_back(T value) {
    if (size_ == slots_.size() && size_ < max) grow();
    if (size_ == max) {
      first_++;
    } else {
      size_++;
    }
    back() = std::move(value);
  }

  void clear() { size_ = 0; }

  /// Returns the index of the first element for which `holds` is true, and size() without one. It
  /// must be true for all behind that as well. The search begins at the newest, which are asked for
  /// most.
  template <typename Holds>
  std::size_t first_where(Holds holds) const {
    std::size_t low = 0, high = size_;
    for (std::size_t step = 1; high > low; step *= 2) {
      const std::size_t at = high > step ? high - step : 0;
      if (holds((*this)[at])) {
        high = at;
      } else {
        low = at + 1;
        break;
      }
    }
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      if (holds((*this)[middle])) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

 private:
  std::size_t place_of(std::size_t index) const { return (first_ + index) & (slots_.size() - 1); }

  void grow() {
    std::vector<T> larger(slots_.empty() ? 1 : 2 * slots_.size());
    for (std::size_t i = 0; i < size_; i++) larger[i] = std::move(slots_[place_of(i)]);
    slots_ = std::move(larger);
    first_ = 0;
  }

  std::vector<T> slots_;  // a power of two of them
  std::size_t first_ = 0, size_ = 0;
};

}  // namespace tscope
