// SPDX-License-Identifier: MIT
#include "tscope/record/counter_check.hpp"

#include <gmock/gmock.h>

namespace tscope {
namespace {

using Result = CheckVerdict::Result;
using Doubt = CheckVerdict::Doubt;

InterfaceCheck check_of(std::uint64_t counted, std::uint64_t frames, std::uint64_t segments) {
  InterfaceCheck check;
  check.interface = {"eth0", Vantage::driver_rx};
  check.counted = counted;
  check.frames = frames;
  check.segments = segments;
  return check;
}

TEST(CounterCheck, AgreesByFramesOrBySegments) {
  EXPECT_EQ(check_verdict(check_of(100, 100, 100)).result, Result::complete);
  EXPECT_EQ(check_verdict(check_of(100, 100, 4000)).result, Result::complete);
  EXPECT_EQ(check_verdict(check_of(4000, 100, 4000)).result, Result::complete);
}

TEST(CounterCheck, SaysHowManyAreMissing) {
  const CheckVerdict verdict = check_verdict(check_of(100, 97, 97));
  EXPECT_EQ(verdict.result, Result::missing);
  EXPECT_EQ(verdict.missing, 3);
  EXPECT_FALSE(verdict.at_least);
}

TEST(CounterCheck, WhatMayHaveWaitedInTheInterfacesQueueIsNotMissing) {
  InterfaceCheck check = check_of(7110, 7102, 7102);
  check.queue = 1000;
  EXPECT_EQ(check_verdict(check).result, Result::unknown);
  EXPECT_EQ(check_verdict(check).doubt, Doubt::queue);
  check.counted = 7102;
  EXPECT_EQ(check_verdict(check).result, Result::complete);
  check.counted = 7000;
  EXPECT_EQ(check_verdict(check).doubt, Doubt::queue) << "some still wait at the end";
  check.counted = 9000;
  EXPECT_EQ(check_verdict(check).result, Result::missing);
  EXPECT_EQ(check_verdict(check).missing, 898);
  EXPECT_TRUE(check_verdict(check).at_least);
}

TEST(CounterCheck, AllMayBeMissing) {
  const CheckVerdict verdict = check_verdict(check_of(5, 0, 0));
  EXPECT_EQ(verdict.result, Result::missing);
  EXPECT_EQ(verdict.missing, 5);
}

TEST(CounterCheck, OnlyWhatExceedsTheSegmentsIsMissingForCertain) {
  const CheckVerdict verdict = check_verdict(check_of(4010, 100, 4000));
  EXPECT_EQ(verdict.result, Result::missing);
  EXPECT_EQ(verdict.missing, 10);
  EXPECT_TRUE(verdict.at_least);
}

TEST(CounterCheck, AnInterfaceThatCountsFramesIsHeldAgainstFrames) {
  InterfaceCheck check = check_of(110, 100, 4000);
  check.counts_frames = true;
  EXPECT_EQ(check_verdict(check).missing, 10);
  EXPECT_FALSE(check_verdict(check).at_least);
  check.counted = 4000;
  EXPECT_EQ(check_verdict(check).missing, 3900) << "not taken for a count of segments";
}

TEST(CounterCheck, BetweenFramesAndSegmentsNothingIsKnown) {
  const CheckVerdict verdict = check_verdict(check_of(2000, 100, 4000));
  EXPECT_EQ(verdict.result, Result::unknown);
  EXPECT_EQ(verdict.doubt, Doubt::unit);
  EXPECT_EQ(verdict.missing, 0);
}

TEST(CounterCheck, MoreThanCountedMayHideWhatIsMissing) {
  const CheckVerdict verdict = check_verdict(check_of(90, 100, 100));
  EXPECT_EQ(verdict.result, Result::unknown);
  EXPECT_EQ(verdict.doubt, Doubt::counted_fewer);
}

TEST(CounterCheck, TheMarginIsAllowedInBothDirections) {
  for (const std::uint64_t counted : {97, 100, 103}) {
    InterfaceCheck check = check_of(counted, 100, 100);
    check.margin = 3;
    EXPECT_EQ(check_verdict(check).result, Result::complete) << counted;
  }
  InterfaceCheck check = check_of(104, 100, 100);
  check.margin = 3;
  EXPECT_EQ(check_verdict(check).result, Result::missing);
  EXPECT_EQ(check_verdict(check).missing, 4);
  check.counted = 96;
  EXPECT_EQ(check_verdict(check).result, Result::unknown);
}

TEST(CounterCheck, ASlowCounterMayAgreeButProvesNothingElse) {
  InterfaceCheck check = check_of(100, 100, 100);
  check.slow_counter = true;
  EXPECT_EQ(check_verdict(check).result, Result::complete);
  check.counted = 150;
  EXPECT_EQ(check_verdict(check).result, Result::unknown);
  EXPECT_EQ(check_verdict(check).doubt, Doubt::slow_counter);
}

TEST(CounterCheck, AnObstacleLeavesNothingToSay) {
  InterfaceCheck check = check_of(100, 100, 100);
  check.obstacle = CheckObstacle::appeared;
  EXPECT_EQ(check_verdict(check).result, Result::unknown);
  EXPECT_EQ(check_verdict(check).doubt, Doubt::obstacle);
}

}  // namespace
}  // namespace tscope
