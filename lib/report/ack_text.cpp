// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tscope/ack_report.hpp"
#include "tscope/units.hpp"

namespace tscope {

namespace {

constexpr std::uint64_t gaps_to_show = 100;
constexpr int label_width = 22, column_width = 25, bar_width = 16;
constexpr int rows_per_segment_time = 4, segment_times_drawn = 4;
constexpr std::size_t modes_shown = 4;

using Cell = std::string (*)(const AckDistribution&);

// Width in the terminal: characters, not bytes.
int width(const std::string& text) {
  return static_cast<int>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string padded(const std::string& text, int columns) {
  return text + std::string(static_cast<std::size_t>(std::max(0, columns - width(text))), ' ');
}

std::string row(const std::string& label, const std::vector<std::string>& cells) {
  std::string line = "  " + padded(label, label_width);
  for (const std::string& cell : cells) line += padded(cell, column_width);
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string percent(double share) {
  return fmt::format("{:.1f} %", 100 * share);
}

std::string percent_of(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? "-" : percent(static_cast<double>(part) / static_cast<double>(whole));
}

class Page {
 public:
  Page(const AckFlow& flow, bool ascii) : flow_(flow), ascii_(ascii) {}

  std::string text() {
    table();
    const auto& first = flow_.vantage_points.front();
    if (first.gaps > 0 && first.segment_time_ns > 0) {
      histogram(first.segment_time_ns);
      cdf();
    }
    for (const AckPair& pair : flow_.pairs) matched(pair);
    return std::move(text_);
  }

 private:
  void line(const std::string& label, Cell cell) {
    std::vector<std::string> cells;
    for (const auto& d : flow_.vantage_points) cells.push_back(cell(d));
    text_ += row(label, cells);
  }

  void table() {
    line("", [](const AckDistribution& d) {
      return fmt::format("{} ({})", vantage_name(d.interface.vantage), d.interface.device);
    });
    line("ACKs", [](const AckDistribution& d) { return std::to_string(d.acks); });
    line("gaps between them", [](const AckDistribution& d) { return std::to_string(d.gaps); });
    line("  median", [](const AckDistribution& d) { return format_duration(d.p50_ns); });
    line("  90 % below", [](const AckDistribution& d) { return format_duration(d.p90_ns); });
    line("  99 % below", [](const AckDistribution& d) { return format_duration(d.p99_ns); });
    line("  longest", [](const AckDistribution& d) { return format_duration(d.max_ns); });
    line("below segment time", [](const AckDistribution& d) {
      if (d.segment_time_ns == 0) return std::string("?");
      return fmt::format("{} [{:.1f}, {:.1f}]", percent(d.compressed_share), 100 * d.share_low,
                         100 * d.share_high);
    });
    for (std::size_t i = 0; i < modes_shown; i++) mode(i);
    line("  largest below it", [](const AckDistribution& d) {
      return d.mode_below ? fmt::format("{}: {}", format_duration(d.mode_below->at_ns),
                                        percent(d.mode_below->share))
                          : std::string("none");
    });
    line("merged by the kernel", [](const AckDistribution& d) {
      return fmt::format("{} ACKs in {}", d.merged_segments, d.merged_records);
    });
    line("gaps in one NAPI poll",
         [](const AckDistribution& d) { return percent_of(d.same_poll_gaps, d.gaps); });
  }

  void mode(std::size_t index) {
    std::vector<std::string> cells;
    bool any = false;
    for (const auto& d : flow_.vantage_points) {
      if (index >= d.modes.size()) {
        cells.emplace_back();
        continue;
      }
      any = true;
      const AckMode& m = d.modes[index];
      cells.push_back(d.segment_time_ns > 0
                          ? fmt::format("{} = {:.2f}{}: {}", format_duration(m.at_ns), m.multiple,
                                        tau(), percent(m.share))
                          : fmt::format("{}: {}", format_duration(m.at_ns), percent(m.share)));
    }
    if (any) text_ += row(index == 0 ? "modes" : "", cells);
  }

  std::string tau() const { return ascii_ ? "T" : "τ"; }

  std::string bar(double share, double largest) const {
    const double length = largest > 0 ? share / largest * bar_width : 0;
    const auto whole = static_cast<int>(length);
    std::string text;
    if (ascii_) return std::string(static_cast<std::size_t>(std::lround(length)), '#');
    const char* const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    for (int i = 0; i < whole; i++) text += "█";
    return text + eighths[static_cast<int>((length - whole) * 8)];
  }

  // Regroups the fine bins into rows of a quarter segment time, the rest into a last one.
  void histogram(std::int64_t segment_time) {
    constexpr int rows = rows_per_segment_time * segment_times_drawn;
    std::vector<std::vector<double>> shares;
    double largest = 0;
    for (const auto& d : flow_.vantage_points) {
      std::vector<double>& column = shares.emplace_back(rows + 1);
      for (const HistogramBin& bin : d.histogram) {
        const std::int64_t middle =
            bin.from_ns + (std::min(bin.to_ns - bin.from_ns, segment_time / 12)) / 2;
        const auto index =
            std::min<std::int64_t>(rows, middle * rows_per_segment_time / segment_time);
        column[static_cast<std::size_t>(index)] +=
            static_cast<double>(bin.count) /
            static_cast<double>(std::max<std::uint64_t>(1, d.gaps));
      }
      largest = std::max(largest, *std::ranges::max_element(column));
    }
    text_ +=
        fmt::format("\n  Gaps in segment times ({} = {}):\n", tau(), format_duration(segment_time));
    for (int i = 0; i <= rows; i++) {
      std::vector<std::string> cells;
      for (const auto& column : shares) {
        const double share = column[static_cast<std::size_t>(i)];
        cells.push_back(fmt::format("{:>7} {}", percent(share), bar(share, largest)));
      }
      const double from = static_cast<double>(i) / rows_per_segment_time;
      text_ += row(i == rows ? fmt::format("{:.2f}{} and more", from, tau())
                             : fmt::format("{:.2f}{} to {:.2f}{}", from, tau(),
                                           from + 1.0 / rows_per_segment_time, tau()),
                   cells);
      if (i == rows_per_segment_time - 1) {
        text_ += "  " + padded("", label_width) +
                 (ascii_ ? "--- above: compressed ---" : "─── above: compressed ───") + "\n";
      }
    }
  }

  void cdf() {
    text_ += "\n  Share of gaps below:\n";
    for (std::size_t i = 2; i < 12; i += 3) {
      std::vector<std::string> cells;
      std::int64_t to = 0;
      for (const auto& d : flow_.vantage_points) {
        if (i >= d.cdf_below.size()) {
          cells.emplace_back("-");
          continue;
        }
        to = d.cdf_below[i].to_ns;
        cells.push_back(fmt::format("{:>7}", percent_of(d.cdf_below[i].count, d.gaps)));
      }
      text_ += row(
          fmt::format("{:.2f}{} = {}", static_cast<double>(i + 1) / 12, tau(), format_duration(to)),
          cells);
    }
  }

  void matched(const AckPair& pair) {
    const auto first = vantage_name(pair.first.vantage), second = vantage_name(pair.second.vantage);
    text_ += fmt::format(
        "\n  The same {} ACKs at {} and {}: added delay {} median, {} at 99 %; compressed "
        "{} and {};\n  gaps at {} are {:.2f} times those at {} (median)",
        pair.matched, first, second, format_duration(pair.added_p50_ns),
        format_duration(pair.added_p99_ns), percent(pair.share_first), percent(pair.share_second),
        second, pair.gap_ratio_p50, first);
    if (pair.merged > 0) text_ += fmt::format("; {} merged on the way", pair.merged);
    if (pair.only_first > 0) text_ += fmt::format("; {} only at {}", pair.only_first, first);
    if (pair.only_second > 0) text_ += fmt::format("; {} only at {}", pair.only_second, second);
    if (pair.negative > 0) text_ += fmt::format("; {} out of order, left out", pair.negative);
    text_ += ".\n";
  }

  const AckFlow& flow_;
  bool ascii_;
  std::string text_;
};

std::string wrapped(const std::string& text, std::size_t columns, const std::string& indent) {
  std::string result = indent;
  std::size_t line = indent.size(), from = 0;
  while (from < text.size()) {
    const std::size_t blank = std::min(text.find(' ', from), text.size());
    const std::string word = text.substr(from, blank - from);
    if (line + word.size() + 1 > columns) {
      result += "\n" + indent;
      line = indent.size();
    }
    result += word + " ";
    line += word.size() + 1;
    from = blank + 1;
  }
  result.erase(result.find_last_not_of(' ') + 1);
  return result + "\n";
}

std::string without_micro_sign(std::string text) {
  const std::string sign = "µ";
  for (auto at = text.find(sign); at != std::string::npos; at = text.find(sign, at)) {
    text.replace(at, sign.size(), "u");
  }
  return text;
}

std::string quality(const AckReport& report) {
  const Loss& loss = report.loss;
  std::string text =
      loss.lost() == 0
          ? "Nothing was lost"
          : fmt::format(
                "{} records were lost ({} ring full, {} contended, {} missed, {} "
                "invalid, {} by the capturing program)",
                loss.lost(), loss.by_cause(TSCOPE_LOST_FULL), loss.by_cause(TSCOPE_LOST_CONTENDED),
                loss.missed, loss.invalid, loss.elsewhere);
  if (loss.late > 0) text += fmt::format(", {} came late and end no gap", loss.late);
  if (report.clock.source == "tsc") {
    text +=
        fmt::format("; TSC stamps, within {} of the clock", format_duration(report.clock.error_ns));
  } else {
    text += fmt::format("; times as another program took them, in steps of {}",
                        format_duration(report.clock.resolution_ns));
  }
  if (report.clock.steps > 0)
    text += fmt::format("; the clock jumped {} times", report.clock.steps);
  if (report.untracked_flows > 0) {
    text += fmt::format("; {} packets of further flows were not analysed", report.untracked_flows);
  }
  return text + ".";
}

}  // namespace

std::string ack_text(const AckReport& report, const std::string& file, bool ascii, bool all) {
  std::string text = fmt::format("{}: {} TCP records, {} flows with ACKs\n", file, report.packets,
                                 report.flows.size());
  std::size_t left_out = 0;
  for (std::size_t i = 0; i < report.flows.size(); i++) {
    const AckFlow& flow = report.flows[i];
    if (!all && i > 0 && flow.vantage_points.front().gaps < gaps_to_show) {
      left_out++;
      continue;
    }
    const AckDistribution& first = flow.vantage_points.front();
    text += fmt::format("\nACKs {} > {}\n", flow.flow.src.to_string(), flow.flow.dst.to_string());
    text += first.segment_time_ns > 0
                ? fmt::format("  segment time {} ({})\n\n", format_duration(first.segment_time_ns),
                              first.segment_time_source == "link-rate"
                                  ? "of the link rate given"
                                  : "inferred from the first mode; --link-rate is surer")
                : "  segment time unknown; give --link-rate\n\n";
    text += Page(flow, ascii).text();
    text += "\n" + wrapped(verdict(flow, report.loss.lost()), 98, "  ");
  }
  if (left_out > 0)
    text += fmt::format("\n{} flows with fewer than {} gaps left out (--all shows them).\n",
                        left_out, gaps_to_show);
  text += "\n" + wrapped(quality(report), 98, "");
  return ascii ? without_micro_sign(std::move(text)) : text;
}

}  // namespace tscope
