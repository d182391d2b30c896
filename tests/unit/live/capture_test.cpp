// SPDX-License-Identifier: MIT
#include "tscope/live/capture.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>

#include "tscope/base/descriptor.hpp"
#include "unit/file/capture_bytes.hpp"

namespace tscope {
namespace {

using test::MemoryFile;

// Has packets one after the other, a few more once it was stopped, and then ends.
class FakeSource final : public LiveSource {
 public:
  explicit FakeSource(std::size_t packets) : packets_(packets) {}

  Next next(Packet& packet) override {
    if (given_ == (stopped_ ? packets_ + rest : packets_)) return stopped_ ? Next::end : idle();
    packet = test::packet_at(Vantage::driver_rx, {}, static_cast<std::int64_t>(++given_));
    return Next::packet;
  }
  const std::vector<Interface>& interfaces() const override { return interfaces_; }
  Loss loss() const override {
    Loss loss;
    loss.missed = 7;
    return loss;
  }
  ClockInfo clock() const override {
    ClockInfo clock;
    clock.error_ns = 77;
    return clock;
  }
  std::vector<NicStamps> nic_stamps() const override { return {}; }
  const std::map<std::string, std::string>& facts() const override { return facts_; }
  void stop() override {
    if (!stopped_) packets_ = given_;
    stopped_ = true;
  }
  std::vector<Anchor> take_anchors() override { return {{1, 2, 3, 4}}; }
  std::optional<PassedPackets> passed() const override {
    EXPECT_FALSE(stopped_) << "what passed is read while the hooks are on";
    return counts_ ? std::optional(PassedPackets{
                         .vantages = {Vantage::driver_rx}, .counts = {}, .shared = {}})
                   : std::nullopt;
  }
  std::uint32_t clock_khz() const override { return 1000; }
  bool netns_gone() const override { return false; }
  std::int64_t watermark_ns() const override { return 0; }

  bool stopped() const { return stopped_; }
  void count_what_passes() { counts_ = true; }
  static constexpr std::size_t rest = 3;
  std::atomic<bool> asked_to_end{false};

 private:
  // Nobody sends any more: as if the user had seen enough.
  Next idle() {
    asked_to_end = true;
    return Next::idle;
  }

  std::size_t packets_, given_ = 0;
  bool stopped_ = false, counts_ = false;
  std::vector<Interface> interfaces_{{"eth0", Vantage::driver_rx}};
  std::map<std::string, std::string> facts_;
};

class Counter final : public CaptureWatcher {
 public:
  void began() override { begun++; }
  void packet(const Packet& packet) override { last_ns = packet.time_ns, packets++; }
  std::uint64_t begun = 0, packets = 0;
  std::int64_t last_ns = 0;
};

struct Outcome {
  CaptureOutcome captured;
  Counter counter;
  test::Contents file;
};

Outcome capture_all(FakeSource& source, const CaptureLimits& limits) {
  Outcome outcome;
  const MemoryFile memory;
  {
    CaptureFile file(memory.path(), LinkType::ethernet, {});
    outcome.captured = capture(source, file, limits, outcome.counter, source.asked_to_end);
  }
  outcome.file = test::read_file(memory.path());
  return outcome;
}

TEST(Capture, WritesAllUntilItIsAskedToEnd) {
  FakeSource source(5000);
  const Outcome outcome = capture_all(source, {});
  EXPECT_TRUE(source.stopped());
  EXPECT_EQ(outcome.captured.records, 5000 + FakeSource::rest) << "what was left is written too";
  EXPECT_EQ(outcome.file.packets.size(), outcome.captured.records);
  EXPECT_EQ(outcome.counter.packets, outcome.captured.records);
  EXPECT_EQ(outcome.counter.begun, 1);
}

TEST(Capture, EndsAfterItsRecords) {
  FakeSource source(5000);
  const Outcome outcome = capture_all(source, {.duration = {}, .records = 100});
  EXPECT_TRUE(source.stopped());
  EXPECT_FALSE(source.asked_to_end);
  EXPECT_EQ(outcome.captured.records, 100) << "what came after the last is not written";
  EXPECT_EQ(outcome.file.packets.size(), 100);
  EXPECT_EQ(outcome.counter.last_ns, 100);
}

TEST(Capture, EndsAfterItsTime) {
  FakeSource source(1 << 20);
  const Outcome outcome =
      capture_all(source, {.duration = std::chrono::nanoseconds(1), .records = 0});
  EXPECT_FALSE(source.asked_to_end);
  EXPECT_EQ(outcome.captured.records, 1024 + FakeSource::rest) << "at the first look at the clock";
}

TEST(Capture, FileTellsLossClockAndAnchors) {
  FakeSource source(1);
  const Outcome outcome = capture_all(source, {});
  EXPECT_EQ(outcome.file.loss.missed, 7);
  EXPECT_EQ(outcome.file.clock.error_ns, 77);
  EXPECT_EQ(outcome.captured.loss.missed, 7);
  EXPECT_EQ(outcome.captured.clock.error_ns, 77);
  EXPECT_GT(outcome.captured.bytes, 0);
}

TEST(Capture, FileHasTheComparisonWithTheInterfacesCounters) {
  FakeSource source(1);
  source.count_what_passes();
  const Outcome outcome = capture_all(source, {});
  EXPECT_EQ(outcome.captured.counter_check.state, CounterCheck::State::done);
  EXPECT_EQ(outcome.file.counter_check, outcome.captured.counter_check);
}

TEST(Capture, ASourceThatCountsNothingIsNotCompared) {
  FakeSource source(1);
  const Outcome outcome = capture_all(source, {});
  EXPECT_EQ(outcome.captured.counter_check.state, CounterCheck::State::not_applicable);
  EXPECT_EQ(outcome.file.counter_check.state, CounterCheck::State::not_applicable);
}

TEST(Capture, StopsTheSourceWhenTheFileTakesNoMore) {
  FakeSource source(1 << 20);
  Counter counter;
  const Descriptor memory(memfd_create("capture", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  CaptureFile file("/proc/self/fd/" + std::to_string(memory.get()), LinkType::ethernet, {});
  ASSERT_EQ(fcntl(memory.get(), F_ADD_SEALS, F_SEAL_WRITE), 0);
  EXPECT_THROW(capture(source, file, {}, counter, source.asked_to_end), Error);
  EXPECT_TRUE(source.stopped());
  EXPECT_EQ(counter.begun, 0) << "nothing of it is in the file";
}

}  // namespace
}  // namespace tscope
