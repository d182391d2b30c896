// SPDX-License-Identifier: MIT
#include "probe/wire/clock_state.hpp"

#include <gmock/gmock.h>

namespace tscope {
namespace {

constexpr std::int64_t second = 1'000'000'000, largest = 16 * second;

// The kernel's answer, as adjtimex(2) would give it.
int state, status;
long maxerror_us;

int answer(timex* clock) {
  clock->status = status;
  clock->maxerror = maxerror_us;
  return state;
}

stamp::ErrorEstimate estimate(int state_now, int status_now, long maxerror_us_now) {
  state = state_now;
  status = status_now;
  maxerror_us = maxerror_us_now;
  return realtime_error(answer);
}

TEST(RealtimeError, IsTheKernelsBoundWhileTheClockIsDisciplined) {
  const auto error = estimate(TIME_OK, STA_PLL, 2'500);
  EXPECT_TRUE(error.synchronized);
  EXPECT_EQ(error, stamp::error_estimate(2'500'000, true));
}

TEST(RealtimeError, IsSixteenSecondsWhenNothingDisciplinesTheClock) {
  // The bound that a daemon left when it ended bounds nothing.
  for (const auto& error :
       {estimate(TIME_ERROR, STA_PLL | STA_UNSYNC, 2'500),
        estimate(TIME_OK, STA_PLL | STA_UNSYNC, 2'500), estimate(TIME_ERROR, STA_PLL, 2'500)}) {
    EXPECT_FALSE(error.synchronized);
    EXPECT_EQ(error, stamp::error_estimate(largest, false));
  }
}

TEST(RealtimeError, IsSixteenSecondsWhenTheKernelDoesNotAnswer) {
  EXPECT_EQ(estimate(-1, 0, 0), stamp::error_estimate(largest, false));
}

TEST(RealtimeError, IsNeverAboveSixteenSeconds) {
  EXPECT_EQ(estimate(TIME_OK, STA_PLL, 17'000'000), stamp::error_estimate(largest, true));
}

}  // namespace
}  // namespace tscope
