// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "analysis/acks/verdict_thresholds.hpp"
#include "analysis/acks/withheld.hpp"
#include "base/part.hpp"
#include "tscope/analysis/ack_report.hpp"
#include "tscope/base/units.hpp"

namespace tscope {

namespace {

using namespace ack_verdict;

using Points = std::vector<const AckDistribution*>;

// With the device where the flow has several places of the same name: the devices of one file of
// another program are all called tap.
std::string name(const Points& points, const AckDistribution& d) {
  const auto same = std::ranges::count_if(points, [&](const AckDistribution* other) {
    return other->interface.vantage == d.interface.vantage;
  });
  const auto vantage = vantage_name(d.interface.vantage);
  return same > 1 ? fmt::format("{} of {}", vantage, d.interface.device) : std::string(vantage);
}

// Another program's capture at one place: "at tap" would tell nothing.
bool is_lone_tap(const Points& points) {
  return points.size() == 1 && points.front()->interface.vantage == Vantage::tap;
}

std::string before(const Points& points) {
  const AckDistribution& first = *points.front();
  switch (first.interface.vantage) {
    case Vantage::driver_rx:
      return "before this machine's stack: the network, the peer, or the host below a guest";
    case Vantage::socket_tx:
      return "where this machine's TCP makes the ACKs: it receives, or gets to run, in bursts";
    default:
      return is_lone_tap(points) ? "at or before the place of the capture"
                                 : fmt::format("at or before {}", name(points, first));
  }
}

// Where the share rose on the way from the first vantage point to the worst.
std::string origin(const Points& points, std::size_t worst) {
  const AckDistribution& first = *points.front();
  const double rise = points[worst]->compressed_share - first.compressed_share;
  if (rise < grown_from) return before(points);
  std::size_t from = 0, to = worst;
  for (std::size_t i = 0; i < worst; i++) {
    if (points[i + 1]->compressed_share - points[i]->compressed_share >= grown_from &&
        points[i + 1]->compressed_share - points[i]->compressed_share >= rise / 2) {
      from = i;
      to = i + 1;
    }
  }
  // Taps may be anywhere: both sides of a router that a third machine watches.
  std::string here = fmt::format("{}between {} and {}",
                                 first.interface.vantage == Vantage::tap ? "" : "in this kernel, ",
                                 name(points, *points[from]), name(points, *points[to]));
  if (first.compressed_share < partly_from) return here;
  return fmt::format("partly {}, and more {}", before(points), here);
}

// What the kernel did itself, where it did much of it.
std::string kernels_part(const Points& points) {
  std::string text;
  for (const AckDistribution* d : points) {
    const double batched = part(d->same_poll_gaps, d->gaps);
    if (batched < batched_from) continue;
    text += fmt::format("; {:.0f} % of the gaps at {} lie within one NAPI poll", 100 * batched,
                        name(points, *d));
    break;
  }
  for (const AckDistribution* d : points) {
    if (part(d->unknown_poll_gaps, d->gaps) < batched_from) continue;
    text += fmt::format(
        "; whether the gaps at {} lie within one NAPI poll can't be told: the ACKs were received "
        "by a process, as busy polling does",
        name(points, *d));
    break;
  }
  for (const AckDistribution* d : points) {
    const double merged =
        part(d->merged_segments, d->acks - d->merged_records + d->merged_segments);
    if (merged < merged_from) continue;
    text += fmt::format("; {:.0f} % of the ACKs came merged to {}", 100 * merged, name(points, *d));
    break;
  }
  return text;
}

// What one vantage point can't tell from compression on the way. Where the share rises within this
// kernel, it is not the question.
std::string other_causes(const Points& points) {
  if (points.front()->compressed_share < partly_from) return "";
  return "; the like is seen behind aggregating Wi-Fi, a NIC that coalesces interrupts, a receiver "
         "that handles batches and a token bucket's burst";
}

}  // namespace

std::string verdict(const AckFlow& flow, std::uint64_t lost) {
  if (flow.vantage_points.empty()) return "No ACKs to judge.";
  Points points;
  for (const AckDistribution& d : flow.vantage_points) {
    if (d.judged >= gaps_to_judge) points.push_back(&d);
  }
  const std::string doubt =
      lost > 0 ? fmt::format("; {} lost records make this uncertain", lost) : "";
  if (!flow.withheld.empty()) {
    const char* const unknown = only_degree_unknown(flow.withheld)
                                    ? "The ACKs are compressed; how strongly can't be told: "
                                    : "Can't tell whether the ACKs are compressed: ";
    return unknown + withheld_text(flow.withheld) + kernels_part(points) + doubt + ".";
  }
  const auto worst_at = std::ranges::max_element(
      points, {}, [](const AckDistribution* d) { return d->compressed_share; });
  const AckDistribution& worst = **worst_at;
  std::string text = fmt::format(
      "The ACK stream is {}: {}{:.1f} % [{:.1f}, {:.1f}] of {} gaps are shorter than three "
      "quarters of the time that the bottleneck needs for what the ACK delivers",
      degree(worst.compressed_share),
      is_lone_tap(points) ? "" : fmt::format("at {} ", name(points, worst)),
      100 * worst.compressed_share, 100 * worst.share_low, 100 * worst.share_high, worst.judged);
  if (worst.compressed_share >= partly_from) {
    text += "; it arose " + origin(points, static_cast<std::size_t>(worst_at - points.begin()));
    const AckDistribution& last = *points.back();
    if (worst.compressed_share - last.compressed_share >= grown_from) {
      text += fmt::format("; at {} it is {:.1f} % again", name(points, last),
                          100 * last.compressed_share);
    }
    text += kernels_part(points) + other_causes(points);
  }
  if (worst.segment_time_source == "own-rate") {
    text +=
        fmt::format("; the bottleneck's rate is the stream's own, {}", format_rate(worst.rate_bps));
  }
  return text + doubt + ".";
}

}  // namespace tscope
