// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <string>

namespace tscope::test {

/// Counts in how many of 1,000 seeded runs what a report states holds what was planted.
class Coverage {
 public:
  static constexpr unsigned runs = 1000;

  explicit Coverage(std::string what) : what_(std::move(what)) {}

  void add(bool holds) {
    stated_++;
    held_ += holds ? 1 : 0;
  }

  /// Of a 95 % interval: in 93 to 97 % of the runs.
  void expect_interval() const {
    record();
    EXPECT_EQ(stated_, runs) << what_;
    EXPECT_GE(held_, runs * 93 / 100) << what_;
    EXPECT_LE(held_, runs * 97 / 100) << what_;
  }

  /// Of a 95 % interval that may be wider than need be.
  void expect_wide_interval() const {
    record();
    EXPECT_EQ(stated_, runs) << what_;
    EXPECT_GE(held_, runs * 93 / 100) << what_;
  }

  /// Of a bound, which is "at most" and no interval: in all runs that state one, and these are more
  /// than half.
  void expect_bound() const {
    EXPECT_GE(stated_, runs / 2) << what_;
    expect_held();
  }

  /// Of a bound that few runs have.
  void expect_held() const {
    record();
    EXPECT_GT(stated_, 0U) << what_;
    EXPECT_EQ(held_, stated_) << what_;
  }

 private:
  // For --gtest_output.
  void record() const {
    testing::Test::RecordProperty(what_, std::to_string(held_) + "_of_" + std::to_string(stated_));
  }

  std::string what_;
  unsigned stated_ = 0, held_ = 0;
};

}  // namespace tscope::test
