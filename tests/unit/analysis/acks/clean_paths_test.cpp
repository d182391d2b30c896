// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <array>
#include <map>

#include "unit/analysis/acks/bottleneck.hpp"

// Streams that nothing compressed, behind paths of many kinds: no verdict says that anything did.
namespace tscope {
namespace {

using test::analyse;
using test::at_rate;
using test::Bottleneck;
using test::play;
using test::Segment;
using testing::AnyOf;
using testing::HasSubstr;

constexpr double rate_bps = 20e6;

/// Says that it is not compressed, or that this can't be told.
void expect_clean(const AckReport& report, const std::string& what) {
  ASSERT_FALSE(report.flows.empty()) << what;
  for (const AckFlow& flow : report.flows) {
    EXPECT_THAT(verdict(flow, 0), AnyOf(HasSubstr("not compressed"), HasSubstr("Can't tell")))
        << what;
  }
}

/// By the rate, and by the stream's own or none; at the rate there is a verdict.
void expect_clean(const std::vector<Segment>& segments, const std::string& what) {
  const AckReport at = analyse(segments, at_rate(rate_bps));
  expect_clean(at, what + " at the rate");
  for (const AckFlow& flow : at.flows) EXPECT_TRUE(flow.withheld.empty()) << what;
  expect_clean(analyse(segments, {}), what + " without a rate");
}

enum class Queue { fifo, fair };

/// Four streams with enough to send share a bottleneck. In a FIFO whose segment is next is chance
/// with a memory, since windows leave in bursts; with fair queueing it is each one's in turn.
std::vector<Segment> four_flows(Queue queue, int segments_an_ack, std::uint32_t payload,
                                unsigned seed) {
  constexpr int flows = 4, served = 8000;
  std::mt19937_64 random(seed);
  std::normal_distribution<double> noise;
  const Bottleneck path{.rate_bps = rate_bps, .payload = payload};
  const double service_ns = path.segment_ns();
  std::array<std::uint32_t, flows> sent{};
  std::vector<Segment> segments;
  unsigned next = 0;
  for (int i = 0; i < served; i++) {
    if (queue == Queue::fair) {
      next = static_cast<unsigned>(i % flows);
    } else if (random() % 3 == 0) {
      next = static_cast<unsigned>(random() % flows);
    }
    Segment s;
    s.port = static_cast<std::uint16_t>(40001 + next);
    const double delivered_ns = 1e9 + i * service_ns;
    s.from_receiver = false;
    s.seq = 1 + sent[next]++ * payload;
    s.payload = payload;
    s.time_ns = std::llround(delivered_ns - (1 + i % 200) * service_ns - 50'000);
    segments.push_back(s);
    if (sent[next] % static_cast<std::uint32_t>(segments_an_ack) != 0) continue;
    s.from_receiver = true;
    s.ack = s.seq + payload;
    s.seq = 1000;
    s.payload = 0;
    s.time_ns = std::llround(delivered_ns + 0.02 * service_ns * noise(random));
    segments.push_back(s);
  }
  std::ranges::stable_sort(segments, {}, &Segment::time_ns);
  return segments;
}

TEST(CleanPaths, FourFlowsThatShareABottleneck) {
  for (const Queue queue : {Queue::fifo, Queue::fair}) {
    for (const int segments_an_ack : {1, 2, 8}) {
      for (const std::uint32_t payload : {100U, 1448U, 8948U}) {
        expect_clean(four_flows(queue, segments_an_ack, payload, 7),
                     (queue == Queue::fifo ? "FIFO " : "fair ") + std::to_string(segments_an_ack) +
                         " " + std::to_string(payload));
      }
    }
  }
}

// Half as fast as the link: the sender's clock spaces them, and no queue is in the way.
TEST(CleanPaths, PacingWithoutABottleneck) {
  for (const int segments : {1, 2, 8, 40}) {
    Bottleneck path;
    path.rate_bps = rate_bps / 2;
    path.segments_an_ack = segments;
    path.queue_acks = 0;
    expect_clean(play(path).segments, "paced " + std::to_string(segments));
  }
}

// `burst 32k` of a token bucket: after each pause 21 full frames pass at the speed of the link
// behind it.
TEST(CleanPaths, ABucketsBurstAfterEachPause) {
  const Bottleneck path;
  for (const int segments_an_ack : {1, 2}) {
    for (const int frames : {40, 200, 1000}) {
      std::vector<Segment> segments;
      Segment data, ack;
      data.from_receiver = false;
      data.payload = 1448;
      data.seq = ack.ack = 1;
      double time = 1e9;
      for (int burst = 0; burst < 8000 / frames; burst++) {
        for (int i = 0; i < frames; i++) {
          time += i < 21 ? 12'304 : path.segment_ns();
          data.time_ns = std::llround(time) - 50'000 - (i < 21 ? 0 : 100'000);
          segments.push_back(data);
          data.seq += 1448;
          if (i % segments_an_ack != segments_an_ack - 1) continue;
          ack.time_ns = std::llround(time);
          ack.ack = data.seq;
          segments.push_back(ack);
        }
        time += 100e6;
      }
      std::ranges::stable_sort(segments, {}, &Segment::time_ns);
      for (const auto& options : {at_rate(rate_bps), AckOptions{}}) {
        expect_clean(analyse(segments, options), "bucket " + std::to_string(frames));
      }
    }
  }
}

}  // namespace
}  // namespace tscope
