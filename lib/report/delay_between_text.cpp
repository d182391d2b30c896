// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <cctype>

#include "report/alignment_text.hpp"
#include "report/census_text.hpp"
#include "report/counter_check_text.hpp"
#include "report/delay_tables.hpp"
#include "report/source_text.hpp"
#include "report/text.hpp"
#include "tscope/base/units.hpp"
#include "tscope/report/delay_between.hpp"

namespace tscope {

namespace {

constexpr std::size_t where_width = 10, name_width = where_width + 24;

// Another program's capture may know no device.
std::string device_text(const CapturePoint& point) {
  const std::string& device = point.interface.device;
  return device == "-" ? "" : fmt::format(" ({})", device);
}

std::string point_text(const CapturePoint& point) {
  return fmt::format("file {} {}{}", point.file + 1, vantage_name(point.interface.vantage),
                     device_text(point));
}

std::string kinds_text(const DelayBetweenChain& chain) {
  const auto& [left, reached] = chain.kinds;
  std::string text = kind_text(left ? *left : *reached);
  if (left && reached && *left != *reached)
    text += fmt::format(" (to the other: {})", kind_text(*reached));
  return text;
}

std::string error_text(const DelayBetweenReport& report) {
  const Alignment& alignment = report.alignment;
  return alignment.error_ns ? "±" + format_duration(*alignment.error_ns) : "error unknown";
}

std::string table(const DelayBetweenChain& chain, const DelayBetweenReport& report) {
  std::string text = stage_head(name_width);
  for (std::size_t i = 0; i < chain.stages.size(); i++) {
    const bool between = i == chain.between;
    const std::string where =
        between ? fmt::format("{} > {}", chain.from.file + 1, chain.to.file + 1)
                : fmt::format("in {}", (i < chain.between ? chain.from : chain.to).file + 1);
    text += stage_row(chain.stages[i], padded(where, where_width) + stage_name(chain.stages[i]),
                      name_width, between ? error_text(report) : "");
  }
  if (chain.stages.size() == 1) return text;
  return text + stage_row(chain.total, "whole way", name_width, error_text(report));
}

std::string left_out(std::uint64_t packets, const std::string& why) {
  return packets == 0 ? ""
                      : fmt::format("  {} {}, in no figure\n", counted(packets, "packet"), why);
}

std::string chain_text(const DelayBetweenChain& chain, const DelayBetweenReport& report,
                       bool ascii) {
  std::string text = fmt::format("From file {}{} to file {}{}, {}: {}", chain.from.file + 1,
                                 device_text(chain.from), chain.to.file + 1, device_text(chain.to),
                                 kinds_text(chain), counted(chain.packets, "packet"));
  if (chain.segments != chain.packets) {
    text += fmt::format(" of {}", counted(chain.segments, "segment"));
  }
  text = "\n" + wrapped(text, page_width, "") + "\n";
  const std::uint64_t excluded = chain.inconsistent + chain.negative + chain.unaligned +
                                 chain.before + chain.before_within_error;
  if (excluded < chain.packets) {
    text += table(chain, report);
    const DelayStage& between = chain.stages[chain.between];
    std::vector<CdfColumn> columns{{stage_name(between), &between}};
    if (chain.stages.size() > 1) columns.push_back({"whole way", &chain.total});
    text += cdf_table(columns, ascii);
  }
  text += left_out(chain.before_within_error,
                   fmt::format("seen at the second before the first, but within the clocks' {}",
                               error_text(report)));
  text += left_out(chain.before, report.alignment.error_ns
                                     ? fmt::format("seen at the second before the first by more "
                                                   "than the clocks' {}",
                                                   error_text(report))
                                     : "seen at the second before the first");
  text += left_out(chain.unaligned, "around a step of a clock");
  text += left_out(chain.negative, "with a stage within a machine below zero");
  return text + left_out(chain.inconsistent, "whose stamps contradict each other");
}

std::string counts_text(const DelayBetweenCounts& pair) {
  std::string text = fmt::format("{} > {}: {} found at both", point_text(pair.from),
                                 point_text(pair.to), counted(pair.matched, "packet"));
  if (pair.incomplete > 0) {
    text += fmt::format(", {} of them not at every vantage point of a machine", pair.incomplete);
  }
  for (std::size_t i = 0; i < 2; i++) {
    const std::size_t file = (i == 0 ? pair.from : pair.to).file + 1;
    if (pair.unmatched[i] > 0)
      text += fmt::format("; only in file {}: {}", file, pair.unmatched[i]);
    if (pair.outside[i] > 0) {
      text += fmt::format("; in file {} while the other was not on: {}", file, pair.outside[i]);
    }
    if (pair.copies[i] > 0) text += fmt::format("; once more in file {}: {}", file, pair.copies[i]);
  }
  return wrapped(text + ".", page_width, "  ");
}

}  // namespace

std::string delay_between_text(const DelayBetweenReport& report, bool ascii, bool all) {
  std::string text;
  for (std::size_t i = 0; i < 2; i++) {
    const DelayReport& file = report.reports[i];
    std::string lost = loss_text(file.loss);
    lost[0] = static_cast<char>(std::tolower(lost[0]));
    text += wrapped(fmt::format("file {}: {}: {}; {}; {}", i + 1, report.files[i],
                                counted(file.records, "record"), lost, clock_text(file.clock)),
                    page_width, "");
    text += census_text(file.census);
    text += counter_check_text(file.counter_check);
  }
  if (report.swapped) text += swapped_text(report.why_swapped);
  text += alignment_text(report.alignment, report.alignment_note);
  std::size_t few = 0;
  for (const DelayBetweenChain& chain : report.chains) {
    if (all || chain.packets >= packets_to_show || report.chains.size() == 1) {
      text += chain_text(chain, report, ascii);
    } else {
      few++;
    }
  }
  text += left_out_text(few, "table", fmt::format("of fewer than {} packets", packets_to_show));
  text += "\nThe same packets in both captures:\n";
  for (const DelayBetweenCounts& pair : report.counts) text += counts_text(pair);
  return ascii ? to_ascii(std::move(text)) : text;
}

}  // namespace tscope
