// SPDX-License-Identifier: MIT
#include "base/ring_buffer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

namespace tscope {
namespace {

TEST(RingBuffer, KeepsTheNewestInOrder) {
  RingBuffer<int, 8> ring;
  std::deque<int> wanted;
  for (int i = 0; i < 100; i++) {
    if (i == 50) {
      ring.clear();
      wanted.clear();
    }
    ring.push_back(i);
    wanted.push_back(i);
    if (wanted.size() > 8) wanted.pop_front();
    ASSERT_EQ(ring.size(), wanted.size());
    EXPECT_EQ(ring.back(), i);
    for (std::size_t at = 0; at < wanted.size(); at++) EXPECT_EQ(ring[at], wanted[at]);
  }
}

TEST(RingBuffer, FindsTheFirstWhereverItIs) {
  for (int size = 0; size <= 20; size++) {
    RingBuffer<int, 16> ring;
    for (int i = 0; i < size; i++) ring.push_back(2 * i);
    for (int least = -1; least <= 2 * size; least++) {
      std::size_t first = 0;
      while (first < ring.size() && ring[first] < least) first++;
      EXPECT_EQ(ring.first_where([&](int value) { return value >= least; }), first)
          << least << " of " << size;
    }
  }
}

}  // namespace
}  // namespace tscope
