// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "unit/analysis/acks/ack_stream.hpp"

namespace tscope::test {

/// A stream through a bottleneck, seen at the sender.
struct Bottleneck {
  double rate_bps = 20e6;
  std::uint32_t counted_overhead = 14;  ///< bytes a frame that it counts beside the IP packet
  std::uint32_t payload = 1448;         ///< of a segment
  int segments_an_ack = 1;
  int acks = 4000;
  double jitter = 0.02;              ///< of the service time
  double queue_acks = 30;            ///< the queue fills up to this many ACKs' data, then empties
  double planted = 0;                ///< share of the gaps that are compressed
  double factor = 0.1;               ///< what they are multiplied with: the ACK before is held back
  bool data = true;                  ///< it is in the capture, SYNs too
  std::uint32_t frame_segments = 1;  ///< segments in one record of data (TSO)
  unsigned seed = 1;

  double segment_ns() const { return (payload + 40 + counted_overhead) * 8e9 / rate_bps; }
};

struct Played {
  std::vector<Segment> segments;  // in the order of time
  double planted = 0;             ///< share of the gaps that is really compressed
};

inline Played play(const Bottleneck& path) {
  std::mt19937_64 random(path.seed);
  std::normal_distribution<double> noise;
  std::uniform_real_distribution<double> draw;
  const double service_ns = path.segment_ns() * path.segments_an_ack;
  std::vector<double> times;
  for (int i = 0; i < path.acks; i++) {
    times.push_back(1e9 + i * service_ns + path.jitter * service_ns * noise(random));
  }
  int planted = 0;
  for (std::size_t i = times.size() - 1; i > 0; i--) {
    if (draw(random) >= path.planted) continue;
    times[i - 1] = times[i] - path.factor * service_ns;
    planted++;
  }
  Played result;
  result.planted = static_cast<double>(planted) / (path.acks - 1);
  const std::uint32_t step = path.payload * static_cast<std::uint32_t>(path.segments_an_ack);
  if (path.data) {
    for (const bool from_receiver : {false, true}) {
      Segment syn;
      syn.from_receiver = from_receiver;
      syn.flags = from_receiver ? 0x12 : 0x02;
      syn.mss = static_cast<std::uint16_t>(path.payload < 1448 ? 1448 : path.payload);
      syn.seq = from_receiver ? 1000 : 0;
      syn.time_ns = 100 + (from_receiver ? 1 : 0);
      result.segments.push_back(syn);
    }
  }
  const double round_trip_ns = 50'000;
  const std::uint32_t frame = path.payload * path.frame_segments;
  const auto total = static_cast<std::uint64_t>(step) * static_cast<std::uint64_t>(path.acks);
  for (std::uint64_t at = 0; path.data && at < total; at += frame) {
    Segment data;
    data.from_receiver = false;
    data.seq = 1 + static_cast<std::uint32_t>(at);
    data.payload = static_cast<std::uint32_t>(std::min<std::uint64_t>(frame, total - at));
    const double number = static_cast<double>(at / path.payload);
    const double waits =
        path.queue_acks > 0 ? std::fmod(number, path.queue_acks * path.segments_an_ack) : 0;
    const double delivered_ns = 1e9 + (number / path.segments_an_ack - 1) * service_ns;
    data.time_ns = std::llround(delivered_ns - waits * path.segment_ns() - round_trip_ns);
    result.segments.push_back(data);
  }
  for (std::size_t i = 0; i < times.size(); i++) {
    Segment ack;
    ack.seq = 1001;
    ack.time_ns = std::llround(times[i]);
    ack.ack = 1 + step * static_cast<std::uint32_t>(i + 1);
    result.segments.push_back(ack);
  }
  std::ranges::stable_sort(result.segments, {}, &Segment::time_ns);
  return result;
}

inline AckReport analyse(const std::vector<Segment>& segments, const AckOptions& options) {
  AckAnalysis analysis(options);
  const Interface tap{"eth0", Vantage::tap};
  for (const Segment& s : segments) analysis.add(make_packet(s, Vantage::tap), tap);
  return analysis.finish(NoSource());
}

inline AckOptions at_rate(double bps) {
  AckOptions options;
  options.link_rate_bps = bps;
  return options;
}

}  // namespace tscope::test
