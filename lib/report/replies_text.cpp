// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "report/text.hpp"
#include "tscope/base/units.hpp"
#include "tscope/report/replies.hpp"

namespace tscope {

namespace {

constexpr std::size_t label_columns = 26, figure_columns = 11, line_columns = 100;

std::string row(const std::string& label, const DelayQuantiles& q) {
  std::string text = "  " + padded(label, label_columns);
  if (q.count == 0) return text + "none\n";
  for (const std::int64_t ns : {q.min, q.p50, q.p90, q.p99, q.max}) {
    text += padded(format_duration(ns), figure_columns);
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text + "\n";
}

std::string head(const std::string& title) {
  std::string text = padded(title, label_columns + 2);
  for (const char* const name : {"min", "p50", "p90", "p99"}) text += padded(name, figure_columns);
  return text + "max\n";
}

double percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

std::string reflector_text(const ReplyReport& report) {
  if (!report.stateful) return "nothing tells if the reflector numbers its answers by itself";
  return *report.stateful ? "the reflector numbers its answers by itself"
                          : "the reflector is stateless: it can't tell on which way one is lost";
}

std::string counts_text(const ReplyReport& r) {
  std::string text = fmt::format("Replies: {} sent, {} answered, {} lost ({:.2f} %)", r.sent,
                                 r.answered, r.loss.lost, percent(r.loss.lost, r.sent));
  if (r.loss.lost > 0) {
    text += fmt::format(": {} on the way there, {} on the way back, {} undetermined; {}",
                        r.loss.forward, r.loss.backward, r.loss.undetermined, reflector_text(r));
    text += fmt::format("; {} of losses, the longest {}", counted(r.loss.periods, "run"),
                        r.loss.longest);
  }
  text = wrapped(text, line_columns, "");
  const auto& there = r.forward;
  const auto& back = r.backward;
  text += fmt::format(
      "  duplicates: {} there, {} back; reordered: {} there ({:.2f} %, extent up to {}), {} back "
      "({:.2f} %, up to {})\n",
      there.duplicates, back.duplicates, there.reordering.reordered, 100 * there.reordering.ratio,
      there.reordering.extent_max, back.reordering.reordered, 100 * back.reordering.ratio,
      back.reordering.extent_max);
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

std::string alignment_text(const ReplyReport& r) {
  const Alignment& a = r.alignment;
  std::string text = fmt::format("  clocks: the reflector's is ahead by {}, drift {:.3f} ppm",
                                 format_duration(a.offset_ns()), a.drift_ppm());
  text += a.error_ns ? fmt::format("; one-way delays are good to ±{}", format_duration(*a.error_ns))
                     : std::string("; no error bound for one-way delays");
  if (!a.steps.empty()) {
    text += fmt::format("; {} of a clock, {} within one", counted(a.steps.size(), "step"),
                        counted(r.unaligned, "answer"));
  }
  if (!r.synchronised) text += "; the reflector says that its clock follows no other";
  if (r.forward.negative + r.backward.negative > 0) {
    text += fmt::format("; {} below zero by more than that",
                        counted(r.forward.negative + r.backward.negative, "delay"));
  }
  return wrapped(text.substr(2), line_columns, "  ");
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
        format_rate(d.sent_rate_bps));
  } else {
    text += fmt::format("  capacity: about {} (strongest mode, at the IP layer)\n",
                        format_rate(d.capacity_bps));
  }
  text += fmt::format("  {}{}{}share of pairs\n", padded("mode", 18), padded("from", 18),
                      padded("to", 18));
  for (const RateMode& mode : d.modes) {
    text += fmt::format("  {}{}{}{:.1f} %\n", padded(format_rate(mode.bps), 18),
                        padded(format_rate(mode.low_bps), 18),
                        padded(format_rate(mode.high_bps), 18), 100 * mode.share);
  }
  return text;
}

std::string chirps_text(const Dispersion& d) {
  std::string text = fmt::format("Chirps: {}, {} incomplete\n", d.groups, d.incomplete);
  if (d.steps.empty()) return text + "  none arrived whole\n";
  if (d.available_bps > 0) {
    text +=
        fmt::format("  available: about {} (median of the chirps' excursions, at the IP layer)\n",
                    format_rate(d.available_bps));
  }
  text += fmt::format("  {}{}{}{}{}{}in excursion\n", padded("step", 6), padded("rate sent", 18),
                      padded("gap sent", 12), padded("arrived", 12), padded("ratio", 8),
                      padded("queueing", 12));
  for (const ChirpStep& step : d.steps) {
    text += fmt::format("  {}{}{}{}{}{}{:.0f} %\n", padded(std::to_string(step.position), 6),
                        padded(format_rate(step.rate_bps), 18),
                        padded(format_duration(step.sent_gap_ns), 12),
                        padded(format_duration(step.arrival_gap_ns), 12),
                        padded(fmt::format("{:.3f}", step.rate_ratio), 8),
                        padded(format_duration(step.queueing_ns), 12), 100 * step.excursion_share);
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
  text += head("");
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
