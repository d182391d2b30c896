// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "probe/ping/gap_log.hpp"
#include "probe/ping/judge.hpp"
#include "probe/ping/machine_state.hpp"
#include "probe/ping/usual_delay.hpp"
#include "tscope/probe/ping_evidence.hpp"

namespace tscope {
namespace {

using testing::ElementsAre;

constexpr std::int64_t us = 1000;

PingEvidence at_rest() {
  PingEvidence evidence;
  evidence.preemptions = 0;
  evidence.run_queue_ns = 5 * us;
  evidence.gap_ns = 0;
  evidence.late_timer_ns = 60 * us;
  evidence.send_ns = 20 * us;
  evidence.queue_ns = 2 * us;
  evidence.qdisc_bytes = 0;
  evidence.driver_bytes = 0;
  evidence.wake_ns = 30 * us;
  evidence.softirq_share = 0;
  evidence.steal_ns = 0;
  evidence.clock_step_ns = 50;
  return evidence;
}

std::vector<PingReason> reasons(const PingEvidence& evidence) {
  return judge(evidence, PingThresholds{}).reasons;
}

TEST(PingVerdict, AtRestAndWithoutAnyEvidenceIsClean) {
  EXPECT_TRUE(judge(at_rest(), PingThresholds{}).clean());
  EXPECT_TRUE(judge(PingEvidence{}, PingThresholds{}).clean());
}

TEST(PingVerdict, EachEvidenceHasItsReason) {
  const auto with = [](auto change) {
    PingEvidence evidence = at_rest();
    change(evidence);
    return reasons(evidence);
  };
  EXPECT_THAT(with([](auto& e) { e.run_queue_ns = 101 * us; }), ElementsAre(PingReason::run_queue));
  EXPECT_THAT(with([](auto& e) { e.gap_ns = 51 * us; }), ElementsAre(PingReason::stopped));
  EXPECT_THAT(with([](auto& e) { e.late_timer_ns = 101 * us; }),
              ElementsAre(PingReason::late_timer));
  EXPECT_THAT(with([](auto& e) { e.send_ns = 101 * us; }), ElementsAre(PingReason::slow_send));
  EXPECT_THAT(with([](auto& e) { e.call_ns = 101 * us; }), ElementsAre(PingReason::slow_send));
  EXPECT_THAT(with([](auto& e) { e.queue_ns = 101 * us; }), ElementsAre(PingReason::device_queue));
  EXPECT_THAT(with([](auto& e) { e.driver_bytes = 4000; }), ElementsAre(PingReason::device_queue));
  EXPECT_THAT(with([](auto& e) { e.wake_ns = 101 * us; }), ElementsAre(PingReason::slow_wake));
  EXPECT_THAT(with([](auto& e) { e.softirq_share = 0.11; }), ElementsAre(PingReason::softirq));
  EXPECT_THAT(with([](auto& e) { e.steal_ns = 1; }), ElementsAre(PingReason::steal));
  EXPECT_THAT(with([](auto& e) { e.clock_step_ns = 101 * us; }),
              ElementsAre(PingReason::clock_step));
}

TEST(PingVerdict, ThresholdsThemselvesAreStillClean) {
  PingEvidence evidence = at_rest();
  const PingThresholds limits;
  evidence.run_queue_ns = evidence.send_ns = evidence.queue_ns = evidence.wake_ns =
      evidence.late_timer_ns = limits.delay_ns;
  evidence.gap_ns = limits.gap_ns;
  EXPECT_TRUE(judge(evidence, limits).clean());
}

TEST(PingVerdict, APreemptionCountsByTheTimeItTook) {
  PingEvidence evidence = at_rest();
  evidence.preemptions = 3;
  EXPECT_TRUE(reasons(evidence).empty()) << "5 µs";
  evidence.run_queue_ns = 60 * us;
  EXPECT_THAT(reasons(evidence), ElementsAre(PingReason::preempted));
  evidence.run_queue_ns.reset();
  EXPECT_THAT(reasons(evidence), ElementsAre(PingReason::preempted)) << "nobody knows how long";
}

TEST(PingVerdict, TheStampedWaitDecidesNotTheBacklog) {
  PingEvidence evidence = at_rest();
  evidence.qdisc_bytes = 100'000;
  EXPECT_TRUE(reasons(evidence).empty()) << "another queue's, the probe passed in 2 µs";
  evidence.queue_ns.reset();
  EXPECT_THAT(reasons(evidence), ElementsAre(PingReason::device_queue));
}

TEST(PingVerdict, ThresholdsFollowTheMachineWithinBounds) {
  EXPECT_EQ(ping_thresholds({}).delay_ns, 100 * us);
  EXPECT_EQ(ping_thresholds({}).gap_ns, 50 * us);
  EXPECT_EQ(ping_thresholds({.timer_ns = 50 * us, .look_ns = 20 * us}).delay_ns, 200 * us);
  EXPECT_EQ(ping_thresholds({.timer_ns = 50 * us, .look_ns = 20 * us}).gap_ns, 80 * us);
  EXPECT_EQ(ping_thresholds({.timer_ns = 9000 * us, .look_ns = 9000 * us}).delay_ns, 500 * us);
  EXPECT_EQ(ping_thresholds({.timer_ns = 9000 * us, .look_ns = 9000 * us}).gap_ns, 500 * us);
}

TEST(PingVerdict, WhatIsShortBesideTheMachinesOwnDelayDoesNotCount) {
  const PingThresholds calibrated = ping_thresholds({.timer_ns = 50 * us, .look_ns = 20 * us});
  EXPECT_EQ(delay_threshold(calibrated, 0), 200 * us);
  EXPECT_EQ(delay_threshold(calibrated, 60 * us), 200 * us);
  EXPECT_EQ(delay_threshold(calibrated, 400 * us), 1000 * us);
  EXPECT_EQ(delay_threshold(calibrated, 9000 * us), 1500 * us);
}

// Samples with what the machine did to them, and what the network took beside.
std::vector<std::vector<PingReason>> judged(const std::vector<PingSample>& machine,
                                            const std::vector<std::int64_t>& network_ns) {
  PingJudge judge;
  judge.calibrated(ping_thresholds({.timer_ns = 40 * us, .look_ns = 1 * us}));
  std::vector<std::vector<PingReason>> verdicts;
  for (std::size_t i = 0; i < machine.size(); i++) {
    PingSample sample = machine[i];
    *sample.stamps.driver_rx += network_ns[i];
    *sample.stamps.app_rx += network_ns[i];
    judge.judge(sample);
    verdicts.push_back(sample.verdict.reasons);
  }
  return verdicts;
}

TEST(PingVerdict, PermutingTheRoundTripsChangesNone) {
  std::mt19937 dice(5);
  std::exponential_distribution<double> stage(1.0 / 60e3), network(1.0 / 5e6);
  std::vector<PingSample> machine(300);
  std::vector<std::int64_t> network_ns;
  for (PingSample& sample : machine) {
    std::int64_t at = 1'000'000'000;
    PingStamps& stamps = sample.stamps;
    for (auto* time : {&stamps.app_tx, &stamps.qdisc_tx, &stamps.driver_tx}) {
      *time = at += static_cast<std::int64_t>(stage(dice));
    }
    stamps.driver_rx = at;
    stamps.app_rx = at + static_cast<std::int64_t>(stage(dice));
    sample.evidence.late_timer_ns = static_cast<std::int64_t>(5 * stage(dice));
    network_ns.push_back(static_cast<std::int64_t>(network(dice)));
  }
  const auto verdicts = judged(machine, network_ns);
  const auto clean = std::ranges::count_if(verdicts, [](const auto& v) { return v.empty(); });
  EXPECT_GT(clean, 30);
  EXPECT_LT(clean, 270);
  for (int i = 0; i < 20; i++) {
    std::ranges::shuffle(network_ns, dice);
    EXPECT_EQ(judged(machine, network_ns), verdicts);
  }
}

TEST(PingVerdict, TheUsualDelayIsThatOfTheQuietestQuarter) {
  UsualDelay usual;
  for (int i = 0; i < 7; i++) usual.add(10 * us);
  EXPECT_EQ(usual.ns(), 0) << "seven samples tell too little";
  usual.add(10 * us);
  EXPECT_EQ(usual.ns(), 10 * us);
  for (int i = 0; i < 20; i++) usual.add(5000 * us);
  EXPECT_EQ(usual.ns(), 10 * us) << "stress in most of them is not usual";
  for (int i = 0; i < 256; i++) usual.add(300 * us);
  EXPECT_EQ(usual.ns(), 300 * us) << "what was long ago is forgotten";
}

TEST(GapLog, LongestThatOverlaps) {
  GapLog log;
  log.add(10, 20);
  log.add(30, 90);
  log.add(100, 101);
  EXPECT_EQ(log.longest(0, 200), 60);
  EXPECT_EQ(log.longest(91, 200), 1);
  EXPECT_EQ(log.longest(0, 25), 10);
  EXPECT_EQ(log.longest(40, 50), 60) << "all of it, though only some lies within";
  EXPECT_EQ(log.longest(21, 29), 0);
  EXPECT_EQ(log.longest(102, 200), 0);
}

constexpr std::string_view stat =
    "cpu  10 0 20 300 0 0 7 9 0 0\n"
    "cpu0 5 0 10 150 0 0 3 4 0 0\n"
    "cpu1 5 0 10 150 0 0 4 5 0 0\n"
    "intr 12345\n";

TEST(CpuTimes, ColumnsOfOneCpu) {
  const auto times = parse_cpu_times(stat, 1, 10);
  ASSERT_TRUE(times);
  EXPECT_EQ(times->softirq_ns, 40);
  EXPECT_EQ(times->steal_ns, 50);
  EXPECT_FALSE(parse_cpu_times(stat, 2, 10));
  EXPECT_FALSE(parse_cpu_times("cpu  1\ncpu0 1 2 3\n", 0, 10)) << "cut off";
  EXPECT_FALSE(parse_cpu_times("", 0, 10));
}

TEST(Evidence, IsWhatCountersGrewBy) {
  MachineState before, after;
  before.at_ns = 1000;
  after.at_ns = 2000;
  before.preemptions = 5;
  after.preemptions = 7;
  before.softirq_ns = 100;
  after.softirq_ns = 600;
  before.qdisc_bytes = 42;
  after.qdisc_bytes = 0;
  before.realtime_less_raw_ns = 50;
  after.realtime_less_raw_ns = 20;
  after.steal_ns = 5;
  PingEvidence evidence;
  add_evidence(evidence, before, after);
  EXPECT_EQ(evidence.preemptions, 2);
  EXPECT_DOUBLE_EQ(evidence.softirq_share.value(), 0.5);
  EXPECT_EQ(evidence.qdisc_bytes, 42) << "as it was when the probe was sent";
  EXPECT_EQ(evidence.clock_step_ns, 30);
  EXPECT_FALSE(evidence.steal_ns) << "unknown before";
  EXPECT_FALSE(evidence.run_queue_ns);
}

TEST(Evidence, CountersOfTwoCpusAreNotCompared) {
  MachineState before, after;
  before.cpu = 0;
  after.cpu = 1;
  before.at_ns = 1000;
  after.at_ns = 2000;
  before.softirq_ns = 100;
  after.softirq_ns = 9000;
  before.steal_ns = 0;
  after.steal_ns = 70;
  PingEvidence evidence;
  add_evidence(evidence, before, after);
  EXPECT_FALSE(evidence.softirq_share);
  EXPECT_FALSE(evidence.steal_ns);
  after.cpu = 0;
  add_evidence(evidence, before, after);
  EXPECT_EQ(evidence.steal_ns, 70);
}

TEST(Evidence, AClockThatIsSlewedDidNotStep) {
  MachineState before, after;
  after.quick_at_ns = 1'000'000'000;
  after.realtime_less_raw_ns = 500'000;
  PingEvidence evidence;
  add_evidence(evidence, before, after);
  EXPECT_EQ(evidence.clock_step_ns, 0) << "500 ppm";
  after.realtime_less_raw_ns = -700'000;
  add_evidence(evidence, before, after);
  EXPECT_EQ(evidence.clock_step_ns, 200'000);
}

}  // namespace
}  // namespace tscope
