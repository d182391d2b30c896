// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "report/table.hpp"
#include "report/text.hpp"
#include "tscope/base/units.hpp"
#include "tscope/report/replies.hpp"

namespace tscope {

namespace {

constexpr Table delays{26, 11}, modes{18, 18};

std::string row(const std::string& label, const DelayQuantiles& q) {
  if (q.count == 0) return delays.row(label, {"none"});
  std::vector<std::string> cells;
  for (const std::int64_t ns : {q.min, q.p50, q.p90, q.p99, q.max}) {
    cells.push_back(format_duration(ns));
  }
  return delays.row(label, cells);
}

std::string reflector_text(const ReplyReport& report) {
  if (!report.stateful) return "nothing tells if the reflector numbers its answers by itself";
  return *report.stateful ? "the reflector numbers its answers by itself"
                          : "the reflector is stateless: it can't tell on which way one is lost";
}

std::string counts_text(const ReplyReport& r) {
  std::string text = fmt::format("Replies: {} sent, {} answered, {} lost ({})", r.sent, r.answered,
                                 r.loss.lost, percent_of(r.loss.lost, r.sent, 2));
  if (r.loss.lost > 0) {
    text += fmt::format(": {} on the way there, {} on the way back, {} undetermined; {}",
                        r.loss.forward, r.loss.backward, r.loss.undetermined, reflector_text(r));
    text += fmt::format("; {} of losses, the longest {}", counted(r.loss.periods, "run"),
                        r.loss.longest);
  }
  text = wrapped(text, page_width, "");
  const auto& there = r.forward;
  const auto& back = r.backward;
  text += fmt::format(
      "  duplicates: {} there, {} back; reordered: {} there ({}, extent up to {}), {} back "
      "({}, up to {})\n",
      there.duplicates, back.duplicates, there.reordering.reordered,
      percent(there.reordering.ratio, 2), there.reordering.extent_max, back.reordering.reordered,
      percent(back.reordering.ratio, 2), back.reordering.extent_max);
  if (r.dropped > 0) {
    text += fmt::format(
        "  {} dropped at the socket by this machine: they count as lost on the way back\n",
        counted(r.dropped, "answer"));
  }
  if (r.overflow > 0) {
    text += fmt::format("  {} beyond the bound on memory\n", counted(r.overflow, "answer"));
  }
  if (r.impossible > 0) {
    text += fmt::format("  {} earlier than the probe: left out\n", counted(r.impossible, "answer"));
  }
  if (r.unknown + r.foreign > 0) {
    text += fmt::format("  {} that answer no probe of the train\n",
                        counted(r.unknown + r.foreign, "datagram"));
  }
  if (r.user_stamps > 0) {
    text += fmt::format("  {} without a kernel stamp\n", counted(r.user_stamps, "arrival"));
  }
  return text;
}

std::string drift_text(const Alignment& a) {
  const auto error = a.drift_error_ppm();
  if (error) return fmt::format("drift {:.3f} ± {:.3f} ppm", a.drift_ppm(), *error);
  if (!a.error_ns) return fmt::format("drift {:.3f} ppm, error unknown", a.drift_ppm());
  const std::int64_t span = a.pieces.back().to_ns - a.pieces.front().from_ns;
  return fmt::format("their drift can't be told from {}: any fits", format_duration(span));
}

std::string alignment_text(const ReplyReport& r) {
  const Alignment& a = r.alignment;
  std::string text =
      fmt::format("  clocks: the reflector's is {} {}{}; {}",
                  format_duration(std::abs(a.offset_ns())), a.offset_ns() < 0 ? "behind" : "ahead",
                  a.error_ns ? " ± " + format_duration(*a.error_ns) : "", drift_text(a));
  text += a.error_ns ? fmt::format("; one-way delays are good to ±{}", format_duration(*a.error_ns))
                     : std::string("; no error bound for the offset and for one-way delays");
  if (!a.steps.empty()) {
    text += fmt::format("; {} of a clock, {} within one", counted(a.steps.size(), "step"),
                        counted(r.unaligned, "answer"));
  }
  if (!r.synchronised) text += "; the reflector says that its clock follows no other";
  if (r.forward.negative + r.backward.negative > 0) {
    text += fmt::format("; {} below zero by more than that",
                        counted(r.forward.negative + r.backward.negative, "delay"));
  }
  return wrapped(text.substr(2), page_width, "  ");
}

std::string spacing_text(const ReplyPath& path, const char* way) {
  return row(fmt::format("gap sent, {}", way), path.sent_gap) +
         row(fmt::format("gap arrived, {}", way), path.arrival_gap);
}

std::string pairs_text(const Dispersion& d) {
  std::string text = fmt::format("Pairs: {}, {} incomplete, {} arrived wider than sent\n", d.groups,
                                 d.incomplete, d.expanded);
  if (d.pairs.empty()) return text + "  none arrived whole\n";
  text += row("gap in a pair, sent", d.sent_gap) + row("gap in a pair, arrived", d.arrival_gap);
  text += fmt::format("  rate received / rate sent: {:.4g} (median)\n", d.rate_ratio_p50);
  if (d.unresolved > 0) {
    text += fmt::format("  {} arrived with one stamp: of no use\n", counted(d.unresolved, "pair"));
  }
  if (d.modes.empty()) return text + "  capacity: too few pairs\n";
  if (d.capacity_is_bound) {
    text += fmt::format(
        "  capacity: at least {}: most pairs arrive no wider than they left; send them closer\n",
        format_rate(d.sent_rate_bps * std::min(1.0, d.rate_ratio_p50)));
  } else {
    text += fmt::format("  capacity: about {} (strongest mode, at the IP layer)\n",
                        format_rate(d.capacity_bps));
  }
  text += modes.row("mode", {"from", "to", "share of pairs"});
  for (const RateMode& mode : d.modes) {
    text += modes.row(format_rate(mode.bps),
                      {format_rate(mode.low_bps), format_rate(mode.high_bps), percent(mode.share)});
  }
  return text;
}

std::string chirps_text(const Dispersion& d) {
  std::string text = fmt::format("Chirps: {}, {} incomplete\n", d.groups, d.incomplete);
  if (d.steps.empty()) return text + "  none arrived whole\n";
  if (d.available_is_bound) {
    text += fmt::format(
        "  available: at least {} (the fastest probed that kept its spacing, at the IP layer): "
        "probe "
        "faster,\n  with a smaller --gap or a larger --chirp-length\n",
        format_rate(d.available_bps));
  } else if (d.available_bps > 0) {
    text +=
        fmt::format("  available: about {} (median of the chirps' excursions, at the IP layer)\n",
                    format_rate(d.available_bps));
  }
  text += fmt::format("  {}{}{}{}{}{}in excursion\n", padded("step", 6), padded("rate sent", 18),
                      padded("gap sent", 12), padded("arrived", 12), padded("ratio", 8),
                      padded("queueing", 12));
  for (const ChirpStep& step : d.steps) {
    text += fmt::format(
        "  {}{}{}{}{}{}{}\n", padded(std::to_string(step.position), 6),
        padded(format_rate(step.rate_bps), 18), padded(format_duration(step.sent_gap_ns), 12),
        padded(format_duration(step.arrival_gap_ns), 12),
        padded(fmt::format("{:.3f}", step.rate_ratio), 8),
        padded(format_duration(step.queueing_ns), 12), percent(step.excursion_share, 0));
  }
  return text;
}

}  // namespace

std::string reply_text(const ReplyReport& r) {
  std::string text = counts_text(r);
  if (r.answered == 0) {
    return text +
           "  is a reflector there? `tscope reflect` is one, and a firewall must let UDP pass\n";
  }
  text += delays.row("", {"min", "p50", "p90", "p99", "max"});
  text += row("round trip", r.round_trip.delay) + row("in the reflector", r.residence);
  text += row("one way there", r.forward.delay) + row("one way back", r.backward.delay);
  text += row("PDV there", r.forward.pdv) + row("PDV back", r.backward.pdv);
  text += row("IPDV there", r.forward.ipdv) + row("IPDV back", r.backward.ipdv);
  text += spacing_text(r.forward, "there") + spacing_text(r.backward, "back");
  text += fmt::format("  jitter (RFC 3550): {} there, {} back\n",
                      format_duration(static_cast<std::int64_t>(r.forward.jitter_ns)),
                      format_duration(static_cast<std::int64_t>(r.backward.jitter_ns)));
  text += alignment_text(r);
  if (r.dispersion.group == ProbeGroup::pairs) text += pairs_text(r.dispersion);
  if (r.dispersion.group == ProbeGroup::chirp) text += chirps_text(r.dispersion);
  return text;
}

}  // namespace tscope
