// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/part.hpp"
#include "report/ack_columns.hpp"
#include "report/ack_events_text.hpp"
#include "report/census_text.hpp"
#include "report/counter_check_text.hpp"
#include "report/source_text.hpp"
#include "report/text.hpp"
#include "tscope/base/units.hpp"
#include "tscope/report/acks.hpp"

namespace tscope {

namespace {

constexpr std::size_t label_width = 22, column_width = 25, bar_width = 16;
constexpr std::size_t columns_max = 3;
static_assert(2 + label_width + columns_max * column_width < page_width);
constexpr int segment_times_drawn = 4;  // where the user chose a bin
constexpr int rows_max = 40, rows_without_segment_time = 16;
constexpr std::int64_t default_bins_per_segment_time = 12;
constexpr std::size_t modes_shown = 4;

using Points = std::span<const AckDistribution>;

constexpr Table layout{label_width, column_width};

std::string share_text(std::uint64_t some, std::uint64_t all) {
  return all == 0 ? "-" : percent(part(some, all));
}

std::string multiple(double of_tau) {
  return fmt::format("{:.{}f}τ", of_tau, of_tau < 10 ? 2 : of_tau < 100 ? 1 : 0);
}

std::string mode_text(const AckDistribution& d, const AckMode& mode) {
  if (d.segment_time_ns == 0)
    return fmt::format("{}: {}", format_duration(mode.at_ns), percent(mode.share));
  return fmt::format("{} = {}: {}", format_duration(mode.at_ns), multiple(mode.multiple),
                     percent(mode.share));
}

std::string table(const AckColumns& columns) {
  using D = const AckDistribution&;
  std::string text =
      columns.row("", [](D d) { return std::string(vantage_name(d.interface.vantage)); });
  text += columns.row("device", [](D d) { return d.interface.device; });
  text += columns.row("ACKs", [](D d) { return std::to_string(d.acks); });
  text += columns.row("records lost",
                      [](D d) { return d.lost ? std::to_string(*d.lost) : "not known"; });
  text += columns.row("gaps between ACKs", [](D d) { return std::to_string(d.gaps); });
  text += columns.quantiles();
  text += columns.row("  longest", [](D d) { return gap_text(d, d.max_ns); });
  text += columns.shares_below();
  text +=
      columns.row("ACKs without new data", [](D d) { return std::to_string(d.acks_without_data); });
  if (columns.any([](D d) { return d.gaps_after_hole > 0; })) {
    text += columns.row("gaps after a hole", [](D d) { return std::to_string(d.gaps_after_hole); });
  }
  text += columns.row("compressed gaps", [](D d) {
    return d.rate_bps == 0 || d.judged == 0 ? std::string("?") : compressed_text(d);
  });
  text += columns.modes(modes_shown, mode_text);
  text += columns.row("  largest below τ", [](D d) {
    return d.mode_below ? mode_text(d, *d.mode_below) : std::string("none");
  });
  text += columns.row("merged by the kernel", [](D d) {
    return d.merged_records == 0
               ? std::string("none")
               : fmt::format("{} ACKs in {}", d.merged_segments, d.merged_records);
  });
  return text + columns.row("gaps in one NAPI poll", [](D d) {
    std::string least = share_text(d.same_poll_gaps, d.gaps);
    if (d.unknown_poll_gaps == 0) return least;
    if (2 * d.unknown_poll_gaps >= d.gaps) return std::string("can't tell");
    return fmt::format("{} to {}", least,
                       share_text(d.same_poll_gaps + d.unknown_poll_gaps, d.gaps));
  });
}

// 1, 2 or 5 times a power of ten, not below ns.
std::int64_t round_up(std::int64_t ns) {
  std::int64_t power = 1;
  while (power * 10 <= ns) power *= 10;
  for (const std::int64_t digit : {1, 2, 5}) {
    if (digit * power >= ns) return digit * power;
  }
  return 10 * power;
}

// A bin that the user chose is drawn as it is.
GapRows rows_of(Points points) {
  std::int64_t bin = 0, p90 = 0, segment_time = 0;
  for (const auto& d : points) {
    if (!d.histogram.empty()) bin = d.histogram.front().to_ns;
    p90 = std::max(p90, d.p90_ns);
    segment_time = d.segment_time_ns;
  }
  if (bin == 0) return {};
  if (segment_time == 0) {
    return {std::max(bin, round_up(p90 / rows_without_segment_time + 1)),
            rows_without_segment_time};
  }
  if (bin == std::max<std::int64_t>(1, segment_time / default_bins_per_segment_time)) {
    return rows_by_segment_time(segment_time);
  }
  const std::int64_t wanted = segment_times_drawn * segment_time / bin + 1;
  return {bin, static_cast<int>(std::clamp<std::int64_t>(wanted, 4, rows_max))};
}

std::string cdf(Points points) {
  std::string text;
  for (std::size_t i = 2; i < default_bins_per_segment_time; i += 3) {
    std::vector<std::string> cells;
    std::int64_t to = 0;
    for (const auto& d : points) {
      const bool has = i < d.cdf_below.size();
      if (has) to = d.cdf_below[i].to_ns;
      cells.push_back(has ? fmt::format("{:>7}", share_text(d.cdf_below[i].count, d.gaps)) : "-");
    }
    if (to == 0) return "";
    text += layout.row(
        fmt::format("{:.2f}τ = {}", static_cast<double>(i + 1) / default_bins_per_segment_time,
                    format_duration(to)),
        cells);
  }
  return "\n  Share of gaps below:\n" + text;
}

std::string matched(const AckStage& pair, bool has_segment_time) {
  const auto first = vantage_name(pair.first.vantage), second = vantage_name(pair.second.vantage);
  std::string text =
      pair.matched == 0
          ? fmt::format("No ACK was found both at {} and at {}", first, second)
          : fmt::format("The same {} at {} and {}: added delay {} median, {} at 99 %",
                        counted(pair.matched, "ACK"), first, second,
                        format_duration(pair.added_p50_ns), format_duration(pair.added_p99_ns));
  if (pair.matched > 1) {
    if (has_segment_time) {
      text += fmt::format("; compressed {} and {}", percent(pair.share_first),
                          percent(pair.share_second));
    }
    text += fmt::format("; gaps at {} are {:.2f} times those at {} (median)", second,
                        pair.gap_ratio_p50, first);
  }
  if (pair.merged > 0) text += fmt::format("; {} merged on the way", pair.merged);
  if (pair.only_first > 0) text += fmt::format("; {} only at {}", pair.only_first, first);
  if (pair.only_second > 0) text += fmt::format("; {} only at {}", pair.only_second, second);
  if (pair.negative > 0) {
    text += fmt::format("; {} with the second stamp before the first, left out", pair.negative);
  }
  return "\n" + wrapped(text + ".", page_width, "  ");
}

std::string quality(const AckReport& report) {
  std::string text = loss_text(report.loss);
  if (report.loss.late > 0) text += fmt::format(", {} came late and end no gap", report.loss.late);
  text += "; " + clock_text(report.clock);
  if (report.untracked_flows > 0) {
    text += fmt::format("; {} of further flows not analysed",
                        counted(report.untracked_flows, "segment"));
  }
  return text + ".";
}

// The frame sizes that the modes don't exclude.
std::string frames(const AckDistribution& d) {
  std::string text;
  for (const AckMode& mode : d.modes) {
    if (mode.frame_bytes.empty()) continue;
    text += fmt::format("{}{} = {} fits frames of {}", text.empty() ? "" : "; ",
                        format_duration(mode.at_ns), multiple(mode.multiple),
                        fmt::join(mode.frame_bytes, ", "));
  }
  return text.empty() ? "" : "\n" + wrapped(text + " bytes on the bottleneck.", page_width, "  ");
}

// When the longest gap of each vantage point was.
std::string longest_gaps(Points points) {
  std::string text;
  for (const AckDistribution& d : points) {
    const std::string longest = longest_gap_text(d);
    if (longest.empty()) continue;
    text += wrapped(fmt::format("longest gap at {} of {}: {}", vantage_name(d.interface.vantage),
                                d.interface.device, longest),
                    page_width, "  ");
  }
  return text.empty() ? "" : "\n" + text;
}

std::vector<const AckDistribution*> pointers_to(Points points) {
  std::vector<const AckDistribution*> pointers;
  pointers.reserve(points.size());
  for (const AckDistribution& d : points) pointers.push_back(&d);
  return pointers;
}

std::string flow_text(const AckFlow& flow, const AckReport& report, bool ascii) {
  const AckDistribution& first = flow.vantage_points.front();
  std::string text =
      fmt::format("\nACKs {} > {}\n", flow.flow.src.to_string(), flow.flow.dst.to_string());
  text += first.segment_time_ns > 0
              ? fmt::format(
                    "  segment time τ = {} ({})\n", format_duration(first.segment_time_ns),
                    first.segment_time_source == "link-rate"
                        ? "of the link rate given"
                        : fmt::format("of the stream's own rate, {}", format_rate(first.rate_bps)))
              : "  segment time unknown; give --link-rate\n";
  const Points all = flow.vantage_points;
  for (std::size_t at = 0; at < all.size(); at += columns_max) {
    const Points points = all.subspan(at, std::min(columns_max, all.size() - at));
    const AckColumns columns(pointers_to(points), layout, bar_width);
    text += "\n" + table(columns) + columns.histogram(rows_of(points), ascii) + cdf(points);
  }
  text += longest_gaps(all);
  text += frames(first);
  for (const AckStage& pair : flow.stages) text += matched(pair, first.segment_time_ns > 0);
  if (report.has_events) {
    for (const AckDistribution& d : all) text += events_text(d);
  }
  return text + "\n" + wrapped(verdict(flow, report.loss.lost()), page_width, "  ");
}

}  // namespace

std::string ack_text(const AckReport& report, const std::string& file, bool ascii, bool all) {
  std::string text =
      fmt::format("{}: {}, {} with ACKs\n", file, counted(report.packets, "TCP record"),
                  counted(report.flows.size(), "flow direction"));
  std::size_t left_out = 0;
  for (std::size_t i = 0; i < report.flows.size(); i++) {
    const AckFlow& flow = report.flows[i];
    const bool shown = all || i == 0 || std::ranges::any_of(flow.vantage_points, [](const auto& d) {
                         return d.gaps >= gaps_to_show;
                       });
    if (shown) {
      text += flow_text(flow, report, ascii);
    } else {
      left_out++;
    }
  }
  text += left_out_text(left_out, "flow direction",
                        fmt::format("with fewer than {} gaps", gaps_to_show));
  text += "\n" + wrapped(quality(report), page_width, "");
  text += census_text(report.census);
  text += counter_check_text(report.counter_check);
  return ascii ? to_ascii(std::move(text)) : text;
}

}  // namespace tscope
