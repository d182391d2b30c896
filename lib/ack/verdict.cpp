// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "tscope/ack_report.hpp"
#include "tscope/units.hpp"

namespace tscope {

namespace {

// docs/ack-report.md says where these come from.
constexpr std::uint64_t gaps_to_judge = 100;
constexpr double partly_from = 0.20, strongly_from = 0.50;
constexpr double grown_from = 0.10;
constexpr double batched_from = 0.50;

std::string degree(double share) {
  if (share >= strongly_from) return "strongly compressed";
  return share >= partly_from ? "partly compressed" : "not compressed";
}

std::string origin(const AckDistribution& first, const AckDistribution& last) {
  const bool at_first = first.compressed_share >= partly_from;
  const bool grew = last.compressed_share - first.compressed_share >= grown_from;
  const auto name = [](const AckDistribution& d) { return vantage_name(d.interface.vantage); };
  if (grew && at_first) {
    return fmt::format("partly before {}, and more in this kernel on the way to {}", name(first),
                       name(last));
  }
  if (grew) return fmt::format("in this kernel, between {} and {}", name(first), name(last));
  if (first.interface.vantage == Vantage::driver_rx) {
    return "before this machine's stack: the network, the peer, or the host below a guest";
  }
  return fmt::format("at or before {}", name(first));
}

}  // namespace

std::string verdict(const AckFlow& flow, std::uint64_t lost) {
  if (flow.vantage_points.empty()) return "No ACKs to judge.";
  const AckDistribution& first = flow.vantage_points.front();
  const AckDistribution& last = flow.vantage_points.back();
  if (first.segment_time_ns == 0) {
    return "Can't tell whether the ACKs are compressed: the distribution shows no segment time; "
           "give "
           "the bottleneck's rate with --link-rate.";
  }
  if (first.gaps < gaps_to_judge) {
    return fmt::format("Too few gaps to judge ({}, {} are needed).", first.gaps, gaps_to_judge);
  }
  const AckDistribution& worst = last.compressed_share > first.compressed_share ? last : first;
  std::string text = fmt::format(
      "The ACK stream is {}: at {} {:.1f} % of {} gaps are shorter than one segment time of {}",
      degree(worst.compressed_share), vantage_name(worst.interface.vantage),
      100 * worst.compressed_share, worst.gaps, format_duration(worst.segment_time_ns));
  if (worst.compressed_share >= partly_from) {
    text += fmt::format("; it arose {}", origin(first, last));
    const double batched =
        static_cast<double>(first.same_poll_gaps) / static_cast<double>(first.gaps);
    if (batched >= batched_from) {
      text += fmt::format(" ({:.0f} % of the gaps lie within one NAPI poll)", 100 * batched);
    }
  } else {
    text += " (an undisturbed path shows about 9 %)";
  }
  if (lost > 0) text += fmt::format("; {} lost records make this uncertain", lost);
  return text + ".";
}

}  // namespace tscope
