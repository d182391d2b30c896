// SPDX-License-Identifier: MIT
#include "tscope/probe/train_report.hpp"

#include <gmock/gmock.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "tscope/report/train.hpp"

namespace tscope {
namespace {

using testing::HasSubstr;
using testing::Not;

ProbeResult probe(std::uint32_t index, std::uint64_t scheduled, std::uint64_t spun,
                  std::uint64_t handed) {
  ProbeResult result;
  result.index = index;
  result.scheduled = scheduled;
  result.woken = scheduled - 50;
  result.spun = spun;
  result.handed = handed;
  return result;
}

TrainReport filled(const TrainStatistics& statistics) {
  TrainReport report;
  report.planned = 10;
  report.outcome.sent = 3;
  report.outcome.clock.tsc_hz = 2e9;
  report.facts = {{"engine", "kmod"}, {"hand_over", "driver"}, {"cpu_sending", "1"}};
  statistics.fill(report, 2e9);
  return report;
}

TEST(TrainReport, WorkedOutByHand) {
  TrainStatistics statistics(10);
  statistics.add(probe(0, 1000, 1010, 1040));  // late 20 ns, spun 5 ns
  statistics.add(probe(1, 3000, 3006, 3020));  // 10, 3
  statistics.add(probe(3, 7000, 7000, 7400));  // 200, 0; no neighbour
  const TrainReport report = filled(statistics);
  EXPECT_EQ(report.recorded, 3);
  EXPECT_EQ(report.lateness.p50, 20);
  EXPECT_EQ(report.lateness.max, 200);
  EXPECT_EQ(report.spin_error.p50, 3);
  EXPECT_EQ(report.spin_error.max, 5);
  EXPECT_EQ(report.gap_error.count, 1);
  EXPECT_EQ(report.gap_error.max, 10) << "the gap was 10 ns too short: its size counts";
}

TEST(TrainReport, FailuresDontCountAsSent) {
  TrainStatistics statistics(10);
  ProbeResult failed = probe(0, 1000, 1000, 9000);
  failed.error = ENOBUFS;
  statistics.add(failed);
  statistics.add(probe(1, 3000, 3006, 3020));
  statistics.add(probe(4'000'000, 1, 1, 1));
  const TrainReport report = filled(statistics);
  EXPECT_EQ(report.lateness.count, 1);
  EXPECT_EQ(report.gap_error.count, 0);
  EXPECT_EQ(report.failures.at(ENOBUFS), 1);
  EXPECT_THAT(train_text(report), HasSubstr("1 probe failed"));
}

TEST(TrainReport, NothingSent) {
  const TrainReport report = filled(TrainStatistics(10));
  EXPECT_EQ(report.lateness.max, 0);
  EXPECT_THAT(train_text(report), Not(HasSubstr("nan")));
  const auto json = nlohmann::json::parse(train_json(report));
  for (const char* key : {"lateness_ns", "spin_error_ns", "gap_error_ns"}) {
    for (const char* quantile : {"p50", "p90", "p99", "max"}) {
      EXPECT_TRUE(json.at(key).at(quantile).is_number_integer());
    }
  }
  for (const char* key : {"sent", "late", "contended"}) EXPECT_TRUE(json.at(key).is_number());
}

TEST(TrainReport, SaysWhatIsMissing) {
  TrainReport report = filled(TrainStatistics(10));
  report.outcome.left = 7;
  report.outcome.reason = ENODEV;
  EXPECT_THAT(train_text(report), HasSubstr("7 probes had no turn: the interface"));
  EXPECT_THAT(train_text(report), HasSubstr("records of 3 probes are lost"));
}

}  // namespace
}  // namespace tscope
