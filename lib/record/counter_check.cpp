// SPDX-License-Identifier: MIT
#include "tscope/record/counter_check.hpp"

namespace tscope {

namespace {

using Result = CheckVerdict::Result;
using Doubt = CheckVerdict::Doubt;

CheckVerdict unknown(Doubt doubt) {
  return {.result = Result::unknown, .doubt = doubt};
}

bool same(std::uint64_t a, std::uint64_t b, std::uint64_t margin) {
  return (a > b ? a - b : b - a) <= margin;
}

}  // namespace

std::string_view xdp_mode_name(XdpMode mode) {
  switch (mode) {
    case XdpMode::none:
      return "none";
    case XdpMode::native:
      return "native";
    case XdpMode::generic:
      return "generic";
    case XdpMode::offloaded:
      return "offloaded";
    case XdpMode::several:
      return "several";
  }
  return "";
}

// An interface that counts neither frames nor segments, or whose unit is not known, is given the
// benefit of the doubt: only what exceeds the segments is missing for certain.
CheckVerdict check_verdict(const InterfaceCheck& check) {
  if (check.obstacle != CheckObstacle::none) return unknown(Doubt::obstacle);
  const bool frames_only = check.counts_frames || check.frames == check.segments;
  const bool agrees = same(check.counted, check.frames, check.margin) ||
                      (!frames_only && same(check.counted, check.segments, check.margin));
  if (agrees) return {.result = Result::complete};
  if (check.slow_counter) return unknown(Doubt::slow_counter);
  if (same(check.counted, check.frames, check.margin + check.queue)) return unknown(Doubt::queue);
  if (check.counted < check.frames) return unknown(Doubt::counted_fewer);
  if (!frames_only && check.counted < check.segments) return unknown(Doubt::unit);
  return {.result = Result::missing,
          .missing = check.counted - (frames_only ? check.frames : check.segments) - check.queue,
          .at_least = !frames_only || check.queue > 0};
}

}  // namespace tscope
