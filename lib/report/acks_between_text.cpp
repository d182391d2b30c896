// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/alignment_text.hpp"
#include "report/text.hpp"
#include "tscope/analysis/acks_between_report.hpp"
#include "tscope/base/units.hpp"

namespace tscope {

namespace {

constexpr std::uint64_t gaps_to_show = 100;
constexpr std::size_t label_width = 28, column_width = 30, bar_width = 20, page_width = 100;
constexpr int rows_per_segment_time = 4, segment_times_drawn = 4;
constexpr std::size_t modes_shown = 3, sizes_shown = 8;

std::string row(const std::string& label, const std::string& first, const std::string& second) {
  std::string line = "  " + padded(label, label_width) + padded(first, column_width) + second;
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

template <typename Cell>
std::string line(const AcksBetween& pair, const std::string& label, Cell cell) {
  return row(label, cell(pair.at_first), cell(pair.at_second));
}

std::string percent(double share) {
  return fmt::format("{:.1f} %", 100 * share);
}

double part(std::uint64_t some, std::uint64_t all) {
  return all == 0 ? 0 : static_cast<double>(some) / static_cast<double>(all);
}

std::string ratio(double value) {
  return fmt::format("{:.{}f}", value, value < 0.1 ? 3 : 2);
}

std::string table(const AcksBetween& pair, const AcksBetweenReport& report) {
  using D = const AckDistribution&;
  const bool has_time = pair.segment_time_ns > 0;
  std::string text = row("", fmt::format("first (file {})", pair.first.file + 1),
                         fmt::format("second (file {})", pair.second.file + 1));
  text += row("vantage point", std::string(vantage_name(pair.first.interface.vantage)),
              std::string(vantage_name(pair.second.interface.vantage)));
  text += row("device", pair.first.interface.device, pair.second.interface.device);
  text += line(pair, "ACKs", [](D d) { return std::to_string(d.acks); });
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
  text += row("records lost", std::to_string(report.reports[pair.first.file].loss.lost()),
              std::to_string(report.reports[pair.second.file].loss.lost()));
  text += line(pair, "gaps between all ACKs", [](D d) { return std::to_string(d.gaps); });
  text += line(pair, "  median", [](D d) { return format_duration(d.p50_ns); });
  text += line(pair, "  90 % below", [](D d) { return format_duration(d.p90_ns); });
  text += line(pair, "  99 % below", [](D d) { return format_duration(d.p99_ns); });
  if (has_time) {
    text += line(pair, "  below segment time", [](D d) {
      return fmt::format("{} [{:.1f}, {:.1f}]", percent(d.compressed_share), 100 * d.share_low,
                         100 * d.share_high);
    });
    text += row("gaps between those in both", std::to_string(pair.gaps), std::to_string(pair.gaps));
    text += row("  below segment time", percent(pair.share_first), percent(pair.share_second));
  }
  const auto most = std::max(pair.at_first.modes.size(), pair.at_second.modes.size());
  for (std::size_t i = 0; i < std::min(modes_shown, most); i++) {
    text += line(pair, i == 0 ? "modes" : "", [&](D d) {
      if (i >= d.modes.size()) return std::string();
      const AckMode& mode = d.modes[i];
      const std::string at = format_duration(mode.at_ns), share = percent(mode.share);
      return has_time ? fmt::format("{} = {:.2f}τ: {}", at, mode.multiple, share)
                      : fmt::format("{}: {}", at, share);
    });
  }
  return text;
}

// Share of a file's gaps from row * τ / 4 on, the last row for all above.
double share_of_row(const AckDistribution& d, int index, std::int64_t row_ns) {
  constexpr int rows = rows_per_segment_time * segment_times_drawn;
  std::uint64_t count = 0;
  for (const HistogramBin& bin : d.histogram) {
    const std::int64_t middle = bin.from_ns + (d.histogram.front().to_ns) / 2;
    if (std::min<std::int64_t>(rows, middle / row_ns) == index) count += bin.count;
  }
  return part(count, d.gaps);
}

std::string histogram(const AcksBetween& pair, bool ascii) {
  if (pair.segment_time_ns < rows_per_segment_time) return "";
  constexpr int rows = rows_per_segment_time * segment_times_drawn;
  const std::int64_t row_ns = pair.segment_time_ns / rows_per_segment_time;
  double largest = 0;
  for (int i = 0; i <= rows; i++) {
    largest = std::max(
        {largest, share_of_row(pair.at_first, i, row_ns), share_of_row(pair.at_second, i, row_ns)});
  }
  if (largest == 0) return "";
  std::string text =
      fmt::format("\n  Gaps in segment times (τ = {}):\n", format_duration(pair.segment_time_ns));
  for (int i = 0; i <= rows; i++) {
    const double from = static_cast<double>(i) / rows_per_segment_time;
    const auto cell = [&](const AckDistribution& d) {
      const double share = share_of_row(d, i, row_ns);
      return fmt::format("{:>7} {}", percent(share), bar(share / largest, bar_width, ascii));
    };
    text += line(pair,
                 i == rows
                     ? fmt::format("{:.2f}τ and more", from)
                     : fmt::format("{:.2f}τ to {:.2f}τ", from, from + 1.0 / rows_per_segment_time),
                 cell);
    if (i + 1 == rows_per_segment_time) text += row("", "─── above: compressed ───", "");
  }
  return text;
}

// A label and what belongs to it, broken into lines beside each other.
std::string fact(const std::string& label, const std::string& text) {
  const std::string lines = wrapped(text, page_width - 2 - label_width, "");
  std::string result;
  for (std::size_t from = 0; from < lines.size();) {
    const std::size_t end = lines.find('\n', from);
    result += "  " + padded(from == 0 ? label : "", label_width) + lines.substr(from, end - from);
    result += '\n';
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

std::string pair_section(const AcksBetween& pair, const AcksBetweenReport& report, bool ascii) {
  std::string text =
      fmt::format("\nACKs {} > {}\n", pair.flow.src.to_string(), pair.flow.dst.to_string());
  const std::string source = pair.at_first.segment_time_source;
  text +=
      pair.segment_time_ns > 0
          ? fmt::format(
                "  segment time τ = {} ({}), one for both\n", format_duration(pair.segment_time_ns),
                source == "link-rate" ? "of the link rate given" : "inferred from the first mode")
          : "  segment time unknown; give --link-rate\n";
  if (pair.direction_assumed) {
    text += wrapped(
        "Nothing tells which capture these ACKs pass first (perhaps both were taken at one place): "
        "the order of the files is taken for it.",
        page_width, "  ");
  }
  text += "\n";
  text += table(pair, report) + histogram(pair, ascii) + passage(pair, report) + "\n";
  return text + wrapped(pair_verdict(pair, report), page_width, "  ");
}

}  // namespace

std::string pair_text(const AcksBetweenReport& report, bool ascii, bool all) {
  std::string text;
  for (std::size_t i = 0; i < 2; i++) {
    const AckReport& file = report.reports[i];
    text += fmt::format("file {}: {}: {}, {} lost\n", i + 1, report.files[i],
                        counted(file.packets, "TCP record"), file.loss.lost());
  }
  if (report.swapped) {
    text += wrapped(fmt::format("The files were given the other way round and are swapped: {}.",
                                report.why_swapped),
                    page_width, "");
  }
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
  if (left_out > 0) {
    text += fmt::format("\n{} with fewer than {} gaps left out (--all shows them).\n",
                        counted(left_out, "flow direction"), gaps_to_show);
  }
  return ascii ? to_ascii(std::move(text)) : text;
}

}  // namespace tscope
