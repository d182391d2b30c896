// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "report/ack_columns.hpp"
#include "report/ack_events_text.hpp"
#include "report/alignment_text.hpp"
#include "report/census_text.hpp"
#include "report/counter_check_text.hpp"
#include "report/source_text.hpp"
#include "report/text.hpp"
#include "tscope/base/units.hpp"
#include "tscope/report/acks_between.hpp"

namespace tscope {

namespace {

constexpr std::size_t label_width = 28, column_width = 30, bar_width = 20;
constexpr std::size_t modes_shown = 3, sizes_shown = 8;

constexpr Table layout{label_width, column_width};

std::string row(const std::string& label, const std::string& first, const std::string& second) {
  return layout.row(label, {first, second});
}

std::string ratio(double value) {
  return fmt::format("{:.{}f}", value, value < 0.1 ? 3 : 2);
}

std::string table(const AcksBetween& pair, const AcksBetweenReport& report,
                  const AckColumns& columns) {
  using D = const AckDistribution&;
  const bool has_time = pair.segment_time_ns > 0;
  std::string text = row("", fmt::format("first (file {})", pair.first.file + 1),
                         fmt::format("second (file {})", pair.second.file + 1));
  text += row("vantage point", std::string(vantage_name(pair.first.interface.vantage)),
              std::string(vantage_name(pair.second.interface.vantage)));
  text += row("device", pair.first.interface.device, pair.second.interface.device);
  text += columns.row("ACKs", [](D d) { return std::to_string(d.acks); });
  text += row("  in both", std::to_string(pair.matched), std::to_string(pair.matched));
  text += row("  only here", std::to_string(pair.unmatched[0]), std::to_string(pair.unmatched[1]));
  if (pair.outside[0] + pair.outside[1] > 0) {
    text += row("  while the other was not on", std::to_string(pair.outside[0]),
                std::to_string(pair.outside[1]));
  }
  if (pair.copies[0] + pair.copies[1] > 0) {
    text += row("  once more in the file", std::to_string(pair.copies[0]),
                std::to_string(pair.copies[1]));
  }
  if (pair.merged > 0) text += row("  inside merged records", "", std::to_string(pair.merged));
  text += row("records lost", lost_count_text(report.reports[pair.first.file].loss),
              lost_count_text(report.reports[pair.second.file].loss));
  text += columns.row("gaps between all ACKs", [](D d) { return std::to_string(d.gaps); });
  text += columns.quantiles();
  if (has_time) {
    text += columns.shares_below() + columns.row("compressed gaps", compressed_text);
    text += row("gaps between those in both", std::to_string(pair.gaps), std::to_string(pair.gaps));
    text += row("  compressed", percent(pair.shares.first), percent(pair.shares.second));
    text += row("  rise", "",
                fmt::format("{:+.1f} points [{:+.1f}, {:+.1f}]", 100 * pair.shares.rise(),
                            100 * pair.shares.rise_low, 100 * pair.shares.rise_high));
  }
  return text + columns.modes(modes_shown, [&](D, const AckMode& mode) {
    const std::string at = format_duration(mode.at_ns), share = percent(mode.share);
    return has_time ? fmt::format("{} = {:.2f}τ: {}", at, mode.multiple, share)
                    : fmt::format("{}: {}", at, share);
  });
}

std::string histogram(const AcksBetween& pair, const AckColumns& columns, bool ascii) {
  return pair.segment_time_ns == 0
             ? ""
             : columns.histogram(rows_by_segment_time(pair.segment_time_ns), ascii);
}

// A label and what belongs to it, broken into lines beside each other.
std::string fact(const std::string& label, const std::string& text) {
  const std::string lines = wrapped(text, page_width - 2 - label_width, "");
  std::string result;
  for (std::size_t from = 0; from < lines.size();) {
    const std::size_t end = lines.find('\n', from);
    result += layout.row(from == 0 ? label : "", {lines.substr(from, end - from)});
    from = end + 1;
  }
  return result;
}

std::string delays(const AcksBetween& pair, const Alignment& alignment) {
  if (pair.delays == 0) return "none that makes sense";
  std::string text =
      fmt::format("{} median, {} at 99 %, {} at most", format_duration(pair.added_p50_ns),
                  format_duration(pair.added_p99_ns), format_duration(pair.added_max_ns));
  if (alignment.error_ns) {
    text += fmt::format("; the clocks leave ±{}", format_duration(*alignment.error_ns));
  }
  return text;
}

std::string events(const CompressionEvents& xi) {
  if (xi.events == 0) return "none (runs of 3 and more ACKs with xi < 0.75)";
  return fmt::format("{} (runs with xi < 0.75) of {}; median xi {:.2f}, longest run {}", xi.events,
                     counted(xi.acks, "ACK"), xi.xi_p50, xi.longest);
}

std::string batches(const AckBatches& batches) {
  if (batches.count == 0) return "none";
  std::string sizes;
  for (std::size_t i = 0; i < std::min(sizes_shown, batches.sizes.size()); i++) {
    sizes += fmt::format("{}{} of {}", i == 0 ? "" : ", ", batches.sizes[i].count,
                         batches.sizes[i].acks);
  }
  if (batches.sizes.size() > sizes_shown) {
    sizes += fmt::format(", … up to {}", batches.sizes.back().acks);
  }
  return fmt::format("{} of {} in all: {}", batches.count, counted(batches.acks, "ACK"), sizes);
}

std::string origin(const CompressionOrigin& origin) {
  const auto last = vantage_name(origin.last.vantage);
  std::string text = fmt::format(
      "{} up to the driver over several NAPI polls, {} up to the driver within one NAPI poll",
      origin.between, origin.one_poll);
  if (origin.last.vantage != Vantage::driver_rx) {
    text += fmt::format(", {} from the driver to {}", origin.in_kernel, last);
  }
  return text;
}

std::string passage(const AcksBetween& pair, const AcksBetweenReport& report) {
  std::string text = "\n  From the first to the second, the same ACKs:\n";
  text += fact("added delay", delays(pair, report.alignment));
  if (pair.negative > 0) {
    text += fact("  second before first",
                 fmt::format("{}, left out of the delay", counted(pair.negative, "ACK")));
  }
  if (pair.unaligned > 0) {
    text +=
        fact("  around a clock step", fmt::format("{}, left out", counted(pair.unaligned, "ACK")));
  }
  text += fact("gap at second / at first",
               fmt::format("{} median; 10 % below {}, 90 % below {}", ratio(pair.gap_ratio_p50),
                           ratio(pair.gap_ratio_p10), ratio(pair.gap_ratio_p90)));
  text += fact("compression events", events(pair.xi));
  if (pair.batches) text += fact("batches", batches(*pair.batches));
  if (pair.origin && pair.origin->events > 0) {
    text += fact(fmt::format("events up to {}", vantage_name(pair.origin->last.vantage)),
                 fmt::format("{}: {}", pair.origin->events, origin(*pair.origin)));
  }
  return text;
}

std::string longest_gaps(const AcksBetween& pair) {
  const std::string first = longest_gap_text(pair.at_first);
  const std::string second = longest_gap_text(pair.at_second);
  return (first.empty() && second.empty() ? "" : "\n") +
         (first.empty() ? "" : fact("longest gap at the first", first)) +
         (second.empty() ? "" : fact("longest gap at the second", second));
}

std::string pair_section(const AcksBetween& pair, const AcksBetweenReport& report, bool ascii) {
  std::string text =
      fmt::format("\nACKs {} > {}\n", pair.flow.src.to_string(), pair.flow.dst.to_string());
  const std::string source = pair.at_first.segment_time_source;
  text += pair.segment_time_ns > 0 ? fmt::format("  segment time τ = {} ({}), one for both\n",
                                                 format_duration(pair.segment_time_ns),
                                                 source == "link-rate" ? "of the link rate given"
                                                                       : "of the stream's own rate")
                                   : "  segment time unknown; give --link-rate\n";
  if (pair.direction_assumed) {
    text += wrapped(
        "Nothing tells which capture these ACKs pass first (perhaps both were taken at one place): "
        "the order of the files is taken for it.",
        page_width, "  ");
  }
  text += "\n";
  const AckColumns columns({&pair.at_first, &pair.at_second}, layout, bar_width);
  text += table(pair, report, columns) + histogram(pair, columns, ascii) + longest_gaps(pair) +
          passage(pair, report) + events_text(pair.xi) + "\n";
  return text + wrapped(acks_between_verdict(pair, report), page_width, "  ");
}

}  // namespace

std::string acks_between_text(const AcksBetweenReport& report, bool ascii, bool all) {
  std::string text;
  for (std::size_t i = 0; i < 2; i++) {
    const AckReport& file = report.reports[i];
    text += fmt::format("file {}: {}: {}, lost: {}\n", i + 1, report.files[i],
                        counted(file.packets, "TCP record"), lost_count_text(file.loss));
    text += census_text(file.census);
    text += counter_check_text(file.counter_check);
  }
  if (report.swapped) text += swapped_text(report.why_swapped);
  if (report.flows.empty()) {
    text += wrapped(fmt::format("No ACKs to compare: {}.", report.why_nothing), page_width, "");
    return ascii ? to_ascii(std::move(text)) : text;
  }
  text += fmt::format("{} in both, {} with ACKs\n", counted(report.common_packets, "packet"),
                      counted(report.flows.size(), "flow direction"));
  text += alignment_text(report.alignment, report.alignment_note);
  std::size_t left_out = 0;
  for (std::size_t i = 0; i < report.flows.size(); i++) {
    const AcksBetween& pair = report.flows[i];
    if (all || i == 0 || pair.gaps >= gaps_to_show) {
      text += pair_section(pair, report, ascii);
    } else {
      left_out++;
    }
  }
  text += left_out_text(left_out, "flow direction",
                        fmt::format("with fewer than {} gaps", gaps_to_show));
  return ascii ? to_ascii(std::move(text)) : text;
}

}  // namespace tscope
