// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "unit/analysis/two_captures/two_captures.hpp"
#include "unit/base/coverage.hpp"

// What two captures state of their clocks' error and of the delays between them, against what was
// planted.
namespace tscope {
namespace {

using test::compare;
using test::Coverage;
using test::HostAndGuest;
using test::only_flow;
using test::pcap_of;
using test::play;
using test::Scene;
using test::Sighting;

double between(std::mt19937& random, double low, double high) {
  return std::uniform_real_distribution(low, high)(random);
}

Scene any_scene(std::mt19937& random, unsigned seed) {
  Scene scene;
  scene.seed = seed;
  scene.acks = 20 + static_cast<int>(random() % 30);
  scene.ack_gap_ns = static_cast<std::int64_t>(between(random, 250e3, 10e6));
  scene.there_ns = static_cast<std::int64_t>(between(random, 1e3, 200e3));
  scene.back_ns = static_cast<std::int64_t>(between(random, 1e3, 200e3));
  scene.queue_ns = between(random, 500, 100e3);
  scene.guest_drift = between(random, -150e-6, 150e-6);
  scene.guest_offset_ns = static_cast<std::int64_t>(between(random, -1e12, 1e12));
  return scene;
}

/// How far an alignment is off at the worst while a scene's ACKs pass.
double error_of(const Alignment& alignment, const Scene& scene) {
  double worst = 0;
  for (int i = 1; i <= scene.acks; i++) {
    const std::int64_t at = test::epoch + i * scene.ack_gap_ns;
    const auto offset = alignment.offset_at(at);
    if (!offset) continue;
    worst = std::max(worst, std::abs(static_cast<double>(*offset - (scene.guest_time(at) - at))));
  }
  return worst;
}

TEST(ClockBounds, OfPacketsBothWaysAndOfTheirDelays) {
  Coverage offset("offset"), delay("delay");
  for (unsigned seed = 1; seed <= Coverage::runs; seed++) {
    std::mt19937 random(seed);
    const Scene scene = any_scene(random, seed);
    const AcksBetweenReport report = compare(play(scene));
    const AcksBetween& pair = only_flow(report);
    if (!report.alignment.error_ns || pair.delays == 0) continue;
    const auto error = static_cast<double>(*report.alignment.error_ns);
    offset.add(error_of(report.alignment, scene) <= error);
    // No delay is below the way there; the histogram is exact to 1/1024.
    delay.add(static_cast<double>(pair.added_max_ns) * (1 + 1.0 / 1024) >=
              static_cast<double>(scene.there_ns) - error);
  }
  offset.expect_bound();
  delay.expect_bound();
}

TEST(ClockBounds, OfPacketsOneWayByTheEchoOfTimestamps) {
  Coverage offset("offset");
  for (unsigned seed = 1; seed <= Coverage::runs; seed++) {
    std::mt19937 random(seed);
    Scene scene = any_scene(random, seed);
    scene.sockets = true;
    HostAndGuest captures = play(scene);
    std::erase_if(captures.guest, [](const Sighting& s) { return s.segment.payload > 0; });
    const AcksBetweenReport report =
        compare(*pcap_of(captures.host), *test::tscope_file_of(captures.guest, {}));
    if (!report.alignment.error_ns) continue;
    offset.add(error_of(report.alignment, scene) <=
               static_cast<double>(*report.alignment.error_ns));
  }
  offset.expect_bound();
}

// Both files hold stamps of one counter, whose rate each knows by its own anchors alone.
TEST(ClockBounds, OfOneCounter) {
  Coverage delay("delay"), offset("offset");
  for (unsigned seed = 1; seed <= Coverage::runs; seed++) {
    std::mt19937 random(seed);
    Scene scene = any_scene(random, seed);
    scene.sockets = true;
    scene.there_ns = 200 + static_cast<std::int64_t>(random() % 800);  // a histogram is exact there
    scene.queue_ns = 1e-6;
    scene.guest_offset_ns = 0;
    scene.guest_drift = 0;
    HostAndGuest captures = play(scene);
    for (Sighting& s : captures.host) {
      s.at = {"tap0", s.segment.payload > 0 ? Vantage::driver_rx : Vantage::driver_tx};
    }
    test::Counter counter;
    counter.tsc_hz = std::floor(between(random, 1e6, 4e6)) * 1e3;
    const auto host = test::tscope_file_of(captures.host, counter);
    const auto ahead = static_cast<std::int64_t>(between(random, -1e12, 1e12));
    for (Sighting& s : captures.guest) s.time_ns += ahead;
    counter.base_ns += ahead;
    const auto guest = test::tscope_file_of(captures.guest, counter);
    const AcksBetweenReport report = compare(*host, *guest);
    if (report.alignment.method != AlignMethod::shared) continue;
    const auto error = *report.alignment.error_ns;
    const AcksBetween& pair = only_flow(report);
    delay.add(std::abs(pair.added_p50_ns - scene.there_ns) <= error);
    offset.add(std::abs(report.alignment.offset_ns() - ahead) <= error);
  }
  delay.expect_bound();
  offset.expect_bound();
}

}  // namespace
}  // namespace tscope
