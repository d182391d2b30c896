// SPDX-License-Identifier: MIT
#include "live/counter_comparison.hpp"

#include <gmock/gmock.h>
#include <net/if.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "unit/base/coverage.hpp"

namespace tscope {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint32_t eth0 = 2;

LinkCounters link(std::uint64_t rx, std::uint64_t tx = 0) {
  LinkCounters link;
  link.name = "eth0";
  link.rx_packets = rx;
  link.tx_packets = tx;
  return link;
}

CounterSample sample(std::uint64_t passed, const LinkCounters& counters) {
  CounterSample sample;
  sample.passed.vantages = {Vantage::driver_rx};
  sample.passed.counts[{Vantage::driver_rx, eth0}] = {passed, passed};
  sample.links[eth0] = counters;
  return sample;
}

// Nothing passes around it.
CounterReading reading(std::uint64_t passed, const LinkCounters& counters) {
  const CounterSample still = sample(passed, counters);
  return {still, still, still};
}

std::vector<InterfaceCheck> compare(const CounterReading& begin, const CounterReading& end,
                                    const std::string& driver = "igb") {
  return compare_counters(begin, end, [&](const std::string&) { return driver; });
}

TEST(CounterComparison, ComparesWhatBothCountedMeanwhile) {
  const auto checks = compare(reading(7, link(1000)), reading(107, link(1110)));
  ASSERT_THAT(checks, SizeIs(1));
  EXPECT_EQ(checks[0].interface, (Interface{"eth0", Vantage::driver_rx}));
  EXPECT_EQ(checks[0].counted, 110);
  EXPECT_EQ(checks[0].frames, 100);
  EXPECT_EQ(checks[0].segments, 100);
  EXPECT_EQ(checks[0].margin, 0);
  EXPECT_EQ(checks[0].obstacle, CheckObstacle::none);
}

TEST(CounterComparison, EachDirectionHasItsCounter) {
  CounterReading begin = reading(0, link(0, 500)), end = reading(5, link(5, 520));
  for (CounterReading* at : {&begin, &end}) {
    at->now.passed.vantages = {Vantage::driver_rx, Vantage::driver_tx};
  }
  end.now.passed.counts[{Vantage::driver_tx, eth0}] = {3, 20};
  const auto checks = compare(begin, end);
  ASSERT_THAT(checks, SizeIs(2));
  EXPECT_EQ(checks[0].counted, 5);
  EXPECT_EQ(checks[1].interface.vantage, Vantage::driver_tx);
  EXPECT_EQ(checks[1].counted, 20);
  EXPECT_EQ(checks[1].frames, 3);
  EXPECT_EQ(checks[1].segments, 20);
}

TEST(CounterComparison, WithoutTrafficThereIsNothingToSay) {
  EXPECT_THAT(compare(reading(7, link(1000)), reading(7, link(1000))), IsEmpty());
}

TEST(CounterComparison, WhatPassesAroundTheReadingsMayBeUnderWay) {
  CounterReading begin = reading(0, link(0)), end = reading(100, link(100));
  begin.after = sample(3, link(2));
  end.before = sample(98, link(90));
  EXPECT_EQ(compare(begin, end)[0].margin, 2 * (3 + 10));
}

// A device that counts a packet up to 4.8 ms before or after it passes the hook, and packets by
// chance, some of which never pass it.
struct Traffic {
  struct Crossing {
    double hook_ms, counter_ms;
    bool passes;
  };
  std::vector<Crossing> packets;

  Traffic(std::mt19937_64& random, double end_ms) {
    const auto between = [&](double low, double high) {
      return std::uniform_real_distribution(low, high)(random);
    };
    const double mean_gap_ms = std::exp(between(-4, 3)), lag_ms = between(-4.8, 4.8);
    const double lost = random() % 3 == 0 ? 0 : between(0, 0.3);
    std::exponential_distribution gap(1 / mean_gap_ms);
    double at = -50;
    while (at < end_ms + 50) {
      const bool passes = between(0, 1) >= lost;
      packets.push_back({at, at + lag_ms * between(0, 1), passes});
      at += gap(random);
    }
  }

  CounterReading read(double at_ms, double between_ms) const {
    CounterReading reading;
    for (auto [to, ms] : {std::pair{&reading.before, at_ms - 5}, std::pair{&reading.now, at_ms},
                          std::pair{&reading.after, at_ms + 5}}) {
      std::uint64_t passed = 0, counted = 0;
      for (const Crossing& p : packets) {
        passed += p.passes && p.hook_ms < ms ? 1 : 0;
        counted += p.counter_ms < ms + between_ms ? 1 : 0;
      }
      *to = sample(passed, link(counted));
    }
    return reading;
  }

  std::uint64_t missing_between(double from_ms, double to_ms) const {
    return static_cast<std::uint64_t>(std::ranges::count_if(packets, [&](const Crossing& p) {
      return !p.passes && p.counter_ms >= from_ms && p.counter_ms < to_ms;
    }));
  }
};

TEST(CounterComparison, TheMarginHoldsWhatIsUnderWay) {
  test::Coverage counted("counted"), missing("missing"), complete("complete");
  for (unsigned seed = 0; seed < test::Coverage::runs; seed++) {
    std::mt19937_64 random(seed);
    const Traffic traffic(random, 300);
    const auto checks = compare(traffic.read(0, 0.1), traffic.read(300, 0.1));
    if (checks.empty()) continue;
    const InterfaceCheck& check = checks[0];
    const auto truth = static_cast<double>(traffic.missing_between(0.1, 300.1));
    const auto margin = static_cast<double>(check.margin);
    const auto difference = static_cast<double>(check.counted) - static_cast<double>(check.frames);
    counted.add(std::abs(difference - truth) <= margin);
    const CheckVerdict verdict = check_verdict(check);
    if (verdict.result == CheckVerdict::Result::missing) {
      missing.add(std::abs(static_cast<double>(verdict.missing) - truth) <= margin && truth > 0);
    } else if (verdict.result == CheckVerdict::Result::complete) {
      complete.add(truth <= 2 * margin);
    }
  }
  counted.expect_bound();
  missing.expect_held();
  complete.expect_held();
}

TEST(CounterComparison, ACounterThatStandsStillUnderTrafficIsSlow) {
  CounterReading end = reading(1000, link(900));
  EXPECT_FALSE(compare(reading(0, link(0)), end)[0].slow_counter);
  end.before = sample(900, link(900));
  EXPECT_TRUE(compare(reading(0, link(0)), end)[0].slow_counter);
}

TEST(CounterComparison, SomeDriversAreKnownToCountSlowly) {
  const CounterReading begin = reading(0, link(0)), end = reading(5, link(5));
  EXPECT_TRUE(compare(begin, end, "tg3")[0].slow_counter);
  EXPECT_FALSE(compare(begin, end, "e1000e")[0].slow_counter);
}

TEST(CounterComparison, WhatATapSendsIsCountedBehindItsQueue) {
  LinkCounters before = link(0), after = link(5, 5);
  before.kind = after.kind = "tun";
  after.tx_queue_length = 1000;
  after.tx_queues = 2;
  CounterReading begin = reading(0, before), end = reading(5, after);
  for (CounterReading* at : {&begin, &end}) {
    at->now.passed.vantages = {Vantage::driver_rx, Vantage::driver_tx};
  }
  const auto checks = compare(begin, end);
  ASSERT_THAT(checks, SizeIs(2));
  EXPECT_EQ(checks[0].queue, 0) << "what it receives is counted at once";
  EXPECT_EQ(checks[1].queue, 2000);
}

TEST(CounterComparison, SoftwareInterfacesCountFrames) {
  LinkCounters before = link(0), after = link(5);
  const auto counts_frames = [&](const std::string& kind, const std::string& driver = "") {
    before.kind = after.kind = kind;
    return compare(reading(0, before), reading(5, after), driver)[0].counts_frames;
  };
  EXPECT_TRUE(counts_frames("veth"));
  EXPECT_TRUE(counts_frames("", "virtio_net"));
  EXPECT_FALSE(counts_frames("", "igb"));
  EXPECT_FALSE(counts_frames("bond"));
  before.loopback = after.loopback = true;
  EXPECT_TRUE(counts_frames(""));
}

TEST(CounterComparison, AnInterfaceThatCameOrWentIsNotCompared) {
  CounterReading with = reading(5, link(5)), without = reading(0, link(0));
  without.before.links.clear();
  without.now.links.clear();
  without.after.links.clear();
  const auto appeared = compare(without, with);
  ASSERT_THAT(appeared, SizeIs(1));
  EXPECT_EQ(appeared[0].obstacle, CheckObstacle::appeared);
  const auto disappeared = compare(with, without);
  ASSERT_THAT(disappeared, SizeIs(1));
  EXPECT_EQ(disappeared[0].obstacle, CheckObstacle::disappeared);
  EXPECT_EQ(disappeared[0].interface.device, "eth0");
}

TEST(CounterComparison, ACounterThatWentBackWasReset) {
  const auto checks = compare(reading(0, link(1000)), reading(0, link(3)));
  ASSERT_THAT(checks, SizeIs(1));
  EXPECT_EQ(checks[0].obstacle, CheckObstacle::reset);
}

TEST(CounterComparison, AVlansPacketsPassAtTheDeviceBelowAndLeaveByItself) {
  LinkCounters before = link(0, 0), after = link(5, 6);
  before.kind = after.kind = "vlan";
  CounterReading begin = reading(0, before), end = reading(0, after);
  for (CounterReading* at : {&begin, &end}) {
    at->now.passed.vantages = {Vantage::driver_rx, Vantage::driver_tx};
  }
  end.now.passed.counts[{Vantage::driver_tx, eth0}] = {6, 6};
  const auto checks = compare(begin, end);
  ASSERT_THAT(checks, SizeIs(2));
  EXPECT_EQ(checks[0].obstacle, CheckObstacle::lower_device);
  EXPECT_EQ(checks[1].obstacle, CheckObstacle::none);
}

TEST(CounterComparison, DevicesThatShareAPlaceInTheTableAreNotCompared) {
  CounterReading begin = reading(0, link(0)), end = reading(5, link(5));
  end.now.passed.table_size = 64;
  end.now.passed.shared = {{Vantage::driver_rx, eth0 + 1}};
  EXPECT_EQ(compare(begin, end)[0].obstacle, CheckObstacle::none);
  end.now.passed.shared = {{Vantage::driver_rx, eth0 % 64}};
  EXPECT_EQ(compare(begin, end)[0].obstacle, CheckObstacle::not_counted);
}

TEST(CounterComparison, AnXdpProgramIsRememberedThoughItWasTakenOff) {
  LinkCounters before = link(0);
  before.xdp = XdpMode::native;
  EXPECT_EQ(compare(reading(0, before), reading(5, link(9)))[0].xdp, XdpMode::native);
}

TEST(CounterComparison, ASourceThatCountsNothingIsNotCompared) {
  CounterComparison comparison([] { return std::nullopt; });
  comparison.begin();
  comparison.end();
  EXPECT_EQ(comparison.result().state, CounterCheck::State::not_applicable);
}

// Of the namespace in which the test runs: its loopback device is there, whatever it counts.
TEST(CounterComparison, ReadsTheKernelsCounters) {
  PassedPackets passed;
  passed.vantages = {Vantage::driver_rx};
  CounterComparison comparison([&] { return passed; });
  comparison.begin();
  EXPECT_EQ(comparison.result().state, CounterCheck::State::absent) << "it has no end yet";
  comparison.end();
  EXPECT_EQ(comparison.result().state, CounterCheck::State::done);
  const auto all = read_links();
  ASSERT_TRUE(all);
  const std::uint32_t lo = if_nametoindex("lo");
  ASSERT_TRUE(all->contains(lo));
  EXPECT_EQ(all->at(lo).name, "lo");
  EXPECT_TRUE(all->at(lo).loopback);
  const auto one = read_links(lo);
  ASSERT_TRUE(one);
  EXPECT_THAT(*one, SizeIs(1));
  const auto none = read_links(0x7ffffff0);
  ASSERT_TRUE(none);
  EXPECT_THAT(*none, IsEmpty());
}

}  // namespace
}  // namespace tscope
