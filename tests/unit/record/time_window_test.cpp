// SPDX-License-Identifier: MIT
#include "tscope/record/time_window.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "tscope/base/error.hpp"

namespace tscope {
namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t noon = 1'700'049'600 * second;  // 2023-11-15 12:00:00 UTC

class TimeWindows : public testing::Test {
 protected:
  TimeWindows() {
    setenv("TZ", "UTC", 1);
    tzset();
  }
};

TEST_F(TimeWindows, WithoutBoundsEverythingIsIn) {
  TimeWindow window("", "");
  EXPECT_FALSE(window.any());
  EXPECT_TRUE(window.has(0));
}

TEST_F(TimeWindows, SecondsCountFromTheFirstPacket) {
  for (const char* from : {"2.5", "2.5s"}) {
    TimeWindow window(from, "4");
    EXPECT_FALSE(window.has(noon));
    EXPECT_FALSE(window.has(noon + 5 * second / 2 - 1));
    EXPECT_TRUE(window.has(noon + 5 * second / 2));
    EXPECT_TRUE(window.has(noon + 4 * second - 1));
    EXPECT_FALSE(window.has(noon + 4 * second)) << "the end is not in it";
  }
}

TEST_F(TimeWindows, TimesOfDay) {
  TimeWindow window("12:00:01.5", "12:00:02");
  EXPECT_FALSE(window.has(noon));
  EXPECT_FALSE(window.has(noon + 3 * second / 2 - 1));
  EXPECT_TRUE(window.has(noon + 3 * second / 2));
  EXPECT_FALSE(window.has(noon + 2 * second));
}

TEST_F(TimeWindows, ATimeOfDayBeforeTheCaptureIsNotTheNextDays) {
  TimeWindow window("11:59:00", "");
  EXPECT_TRUE(window.has(noon));
}

TEST_F(TimeWindows, PastMidnight) {
  const std::int64_t late = noon + (12 * 3600 - 10) * second;
  TimeWindow window("23:59:55", "00:00:05");
  EXPECT_FALSE(window.has(late));
  EXPECT_TRUE(window.has(late + 6 * second));
  EXPECT_TRUE(window.has(late + 14 * second));
  EXPECT_FALSE(window.has(late + 15 * second));
}

TEST_F(TimeWindows, Dates) {
  TimeWindow window("2023-11-15 12:00:01", "2023-11-15T12:00:02");
  EXPECT_FALSE(window.has(noon));
  EXPECT_TRUE(window.has(noon + second));
  EXPECT_FALSE(window.has(noon + 2 * second));
}

TEST_F(TimeWindows, WhatSaysNothingIsRefused) {
  for (const char* text : {"x", "-1", "12:00", "25:00:00", "12:61:00", "1e99", "nan", "5 apples",
                           "2023-13-01 00:00:00"}) {
    EXPECT_THROW(TimeWindow(text, ""), UsageError) << text;
    EXPECT_THROW(TimeWindow("", text), UsageError) << text;
  }
  EXPECT_THROW(TimeWindow("4", "2"), UsageError);
}

TEST_F(TimeWindows, TimeOfDayIsAsWiresharkShowsIt) {
  EXPECT_EQ(time_of_day(noon + 53 * second + 276'123'999), "12:00:53.276123");
}

}  // namespace
}  // namespace tscope
