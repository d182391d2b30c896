// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "terminal.hpp"
#include "tscope/align/alignment.hpp"
#include "tscope/file/file_source.hpp"
#include "tscope/record/time_window.hpp"

/// What a command is given that reads one capture or compares two, and the options of both.
struct CapturesGiven {
  std::vector<std::string> files;
  std::string flow, align, from, to;
  bool json = false, all = false;
  bool rotated = false;

  void add_files(CLI::App& command, const std::string& help);
  void add_options(CLI::App& command, const std::string& help_of_all, const std::string& document);

  /// Throws UsageError if they are more than two, an alignment is asked for with one, or a part of
  /// the time with two.
  bool are_two() const;

  /// Opens the one capture that was given: a file, or those into which it was rotated.
  std::unique_ptr<tscope::FileSource> open_one() const;
  /// What reports call that capture.
  std::string name_of_one() const;
};

/// --from and --to, and what they mean.
void add_window_options(CLI::App& command, std::string& from, std::string& to);

/// Says how many packets are in the window, if there is one.
void tell_window(const tscope::TimeWindow& window, std::uint64_t in_it, std::uint64_t all);

/// Returns why nothing was left, and the flows that there are, if --flow names none of the file's.
std::string none_of_flow(const CapturesGiven& given, const std::string& why, bool matches_none);

void warn_if_cut_off(bool truncated, const std::string& file);

/// Feeds the one capture that was given to an analysis, and shows how far it is.
template <typename Analysis>
auto analyse_one(const CapturesGiven& given, Analysis analysis) {
  tscope::TimeWindow window(given.from, given.to);
  const auto source = given.open_one();
  tscope::Packet packet;
  Progress progress;
  std::uint64_t all = 0, in_window = 0;
  while (source->next(packet) == tscope::Source::Next::packet) {
    all++;
    if (!window.has(packet.time_ns)) continue;
    in_window++;
    analysis.add(packet, source->interfaces()[packet.interface]);
    progress.packet();
  }
  progress.end();
  tell_window(window, in_window, all);
  auto report = analysis.finish(*source);
  warn_if_cut_off(report.truncated, given.name_of_one());
  return report;
}

/// The report that `compare` makes of both files, and how far it is.
template <typename Options, typename Compare>
auto compare_files(const CapturesGiven& given, Options options, const Compare& compare) {
  Progress progress;
  if (!given.align.empty()) options.align = tscope::parse_align_method(given.align);
  options.progress = [&progress](std::uint64_t packets) { progress.show(packets); };
  auto report = compare(given.files[0], given.files[1], options);
  progress.end();
  for (std::size_t i = 0; i < 2; i++) {
    warn_if_cut_off(report.reports[i].truncated, report.files[i]);
  }
  return report;
}
