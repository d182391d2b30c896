// SPDX-License-Identifier: MIT
#include "analysis/acks/own_rate.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/part.hpp"
#include "tscope/base/units.hpp"

namespace tscope {

namespace {

// docs/ack-report.md, "The stream's own rate", says what these are for.
constexpr std::uint64_t gaps_for_rate = 100;
constexpr double queued_service_times = 3;
constexpr double near_service_time = 0.25, near_from = 0.30;

}  // namespace

OwnRate own_rate(const AckStream& stream) {
  const ServiceGaps& gaps = stream.service;
  if (gaps.count() < gaps_for_rate) return {0, "there are too few ACKs to tell the rate"};
  const std::uint64_t bytes = stream.wire_bytes();
  const auto plateau = stream.curve.plateau(
      stream.echoed.usable() ? std::optional(EchoedClock::step_ns) : std::nullopt);
  if (!plateau) {
    return {0, "the stream keeps to no rate, as where the application sends too little"};
  }
  const double rate_bps = 8 * plateau->bytes_per_s;
  const double service_ns = 8e9 * part(bytes, gaps.count()) / rate_bps;
  const bool queued = static_cast<double>(std::max(plateau->lag_ns, plateau->rtt_ns)) >=
                      queued_service_times * service_ns;
  if (!queued) {
    return {0, fmt::format("nothing shows that the stream's {} are a bottleneck's: its data wait "
                           "in no queue, as where the sender paces them",
                           format_rate(rate_bps))};
  }
  if (part(gaps.near(near_service_time, rate_bps), gaps.count()) < near_from) {
    return {0, fmt::format("few gaps are as long as the stream's {} would make them, as where "
                           "others share the bottleneck",
                           format_rate(rate_bps))};
  }
  return {rate_bps, ""};
}

}  // namespace tscope
