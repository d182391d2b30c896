// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "align/envelope.hpp"
#include "tscope/align/alignment.hpp"

namespace tscope::test {

inline constexpr std::int64_t begin = 1'700'000'000'000'000'000;

/// Two clocks and a path between them: a least delay each way, and queueing on top.
struct Path {
  std::int64_t offset_ns = -3'600'000'000'000;
  double drift = 40e-6;
  std::int64_t step_at_ns = 0, step_ns = 0;  // after the beginning; no step if 0
  double there_ns = 60'000, back_ns = 35'000;
  double there_queue_ns = 400'000, back_queue_ns = 80'000;
  std::int64_t duration_ns = 10'000'000'000;
  int packets = 8000;
  bool only_there = false;

  std::int64_t offset_at(std::int64_t since) const {
    const std::int64_t stepped = step_at_ns > 0 && since >= step_at_ns ? step_ns : 0;
    return offset_ns + stepped + std::llround(drift * static_cast<double>(since));
  }
};

inline std::vector<ClockSample> samples(const Path& path, unsigned seed) {
  std::mt19937_64 random(seed);
  std::uniform_int_distribution<std::int64_t> when(0, path.duration_ns);
  std::vector<std::int64_t> times(static_cast<std::size_t>(path.packets));
  for (auto& t : times) t = when(random);
  std::ranges::sort(times);
  std::exponential_distribution<double> there(1 / path.there_queue_ns),
      back(1 / path.back_queue_ns);
  std::bernoulli_distribution to_second(0.6), queued(0.7);
  std::vector<ClockSample> result;
  for (const std::int64_t t : times) {
    const bool forward = path.only_there || to_second(random);
    const double queue = queued(random) ? (forward ? there : back)(random) : 0;
    const std::int64_t sent = t;
    const std::int64_t received =
        t + std::llround((forward ? path.there_ns : path.back_ns) + queue);
    const std::int64_t first = forward ? sent : received, second = forward ? received : sent;
    result.push_back({begin + first, begin + second + path.offset_at(second), forward});
  }
  return result;
}

inline Alignment envelope_of(const std::vector<ClockSample>& all) {
  EnvelopeAligner aligner;
  for (const ClockSample& s : all) aligner.add(s);
  return aligner.fit(2);
}

/// The largest error between two moments after the beginning.
inline std::int64_t error_between(const Alignment& alignment, const Path& path, std::int64_t from,
                                  std::int64_t to) {
  std::int64_t worst = 0;
  for (int i = 0; i <= 50; i++) {
    const std::int64_t t = from + (to - from) / 50 * i;
    const auto offset = alignment.offset_at(begin + t);
    if (offset) worst = std::max(worst, std::abs(*offset - path.offset_at(t)));
  }
  return worst;
}

}  // namespace tscope::test
