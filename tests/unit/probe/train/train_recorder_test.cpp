// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <cerrno>
#include <cstring>

#include "probe/train/recorder.hpp"
#include "tscope/probe/train_measurement.hpp"
#include "unit/file/capture_bytes.hpp"

namespace tscope {
namespace {

using testing::HasSubstr;

Packet probe(std::uint32_t index, std::int64_t late_ticks, int error = 0) {
  Packet packet;
  packet.time_ns = 1'000'000'000 * std::int64_t{index + 1};
  tscope_record& record = packet.record;
  record.kind = TSCOPE_PROBE;
  record.vantage = TSCOPE_DRIVER_TX;
  record.seq = index;
  record.napi_poll = static_cast<std::uint32_t>(error);
  record.segs = 1;
  record.wire_len = 20 + 8 + 44;
  record.header_len = 72;
  record.header[0] = 0x45;
  const tscope_probe times{.scheduled = 1000, .woken = 900, .spun = 1000};
  record.tsc = times.scheduled + static_cast<std::uint64_t>(late_ticks);
  std::memcpy(record.header + TSCOPE_PROBE_AT, &times, sizeof times);
  return packet;
}

const Interface sender{"eth0", Vantage::driver_tx};
constexpr double tsc_hz = 2e9;

TEST(TrainRecorder, TimeScheduledIsTheHandOverLessItsLateness) {
  TrainRecorder recorder(3, "", {});
  recorder.probe(probe(0, 400), sender);
  recorder.probe(probe(1, -200), sender);
  const auto sent = recorder.take_sent(tsc_hz);
  ASSERT_EQ(sent.size(), 2);
  EXPECT_EQ(sent[0].handed_ns, 1'000'000'000);
  EXPECT_EQ(sent[0].scheduled_ns, 1'000'000'000 - 200);
  EXPECT_EQ(sent[0].size, 44);
  EXPECT_EQ(sent[1].index, 1);
  EXPECT_EQ(sent[1].scheduled_ns, 2'000'000'000 + 100);
}

TEST(TrainRecorder, ProbeThatWasNotHandedOverIsNoneSent) {
  TrainRecorder recorder(1, "", {});
  recorder.probe(probe(0, 0, ENOBUFS), sender);
  TrainReport report;
  report.outcome.clock.tsc_hz = tsc_hz;
  recorder.finish(report);
  EXPECT_TRUE(recorder.take_sent(tsc_hz).empty());
  EXPECT_EQ(report.failures.at(ENOBUFS), 1);
  EXPECT_THAT(train_failure(report), HasSubstr("no probe could be sent"));
}

TEST(TrainRecorder, FileHasProbesAnchorsAndFacts) {
  const test::MemoryFile memory;
  {
    TrainRecorder recorder(1, memory.path(), {{"schedule", "periodic"}});
    recorder.anchor({5, 1, 2, 3}, 2'000'000);
    recorder.anchor({6, 1, 3, 4}, 2'000'000);
    recorder.probe(probe(0, 400), sender);
    TrainReport report;
    report.outcome.clock.tsc_hz = tsc_hz;
    report.outcome.loss.missed = 3;
    recorder.finish(report);
    EXPECT_EQ(recorder.first_anchor()->tsc, 5);
    EXPECT_EQ(report.file_bytes, memory.bytes().size());
  }
  const auto file = test::read_file(memory.path());
  ASSERT_EQ(file.packets.size(), 1);
  EXPECT_EQ(probe_result(file.packets[0].record).handed, 1400);
  EXPECT_EQ(file.facts.at("schedule"), "periodic");
  EXPECT_EQ(file.loss.missed, 3);
}

TEST(TrainFailure, IsNoneWhenAskedToEnd) {
  TrainReport report;
  report.outcome.sent = 5;
  report.outcome.reason = ECANCELED;
  EXPECT_EQ(train_failure(report), "");
  report.outcome.reason = ENODEV;
  EXPECT_THAT(train_failure(report),
              HasSubstr("ended before its end (the interface or its namespace is gone)"));
}

}  // namespace
}  // namespace tscope
