// SPDX-License-Identifier: MIT
#include "captures_given.hpp"

#include <fmt/format.h>

#include "tscope/base/error.hpp"
#include "tscope/file/flow_list.hpp"

void CapturesGiven::add_files(CLI::App& command, const std::string& help) {
  command.add_option("FILE", files, help)->required();
}

void CapturesGiven::add_options(CLI::App& command, const std::string& help_of_all,
                                const std::string& document) {
  command.add_option("--flow", flow,
                     "only flows with this text in SRC:PORT > DST:PORT, as reports print it");
  command.add_option("--align", align,
                     "clocks of two captures: envelope (of the delays), at-rest (least squares), "
                     "none, shared (one counter)");
  command.add_flag("--rotated", rotated,
                   "the files are parts of one capture, as tcpdump -C or -G rotates them");
  add_window_options(command, from, to);
  command.add_flag("--all", all, help_of_all);
  command.add_flag("--json", json, fmt::format("one JSON object instead ({})", document));
}

bool CapturesGiven::are_two() const {
  if (rotated) {
    if (!align.empty())
      throw tscope::UsageError("--align is for two captures; leave out --rotated");
    return false;
  }
  if (files.size() > 2) {
    throw tscope::UsageError(
        "one capture, or two of the same packets: the host's and the guest's; files of one rotated "
        "capture with --rotated");
  }
  if (files.size() < 2 && !align.empty()) {
    throw tscope::UsageError("--align is for two captures; name the second one");
  }
  if (files.size() == 2 && (!from.empty() || !to.empty())) {
    throw tscope::UsageError("--from and --to are for one capture; cut two with editcap -A and -B");
  }
  return files.size() == 2;
}

std::unique_ptr<tscope::FileSource> CapturesGiven::open_one() const {
  return rotated ? tscope::open_rotated(files) : tscope::open_file(files.front());
}

std::string CapturesGiven::name_of_one() const {
  if (files.size() == 1) return files.front();
  return fmt::format("{} and {} more", files.front(), files.size() - 1);
}

void add_window_options(CLI::App& command, std::string& from, std::string& to) {
  command.add_option("--from", from,
                     "only packets from this time on: seconds from the start (2.5), time of day "
                     "(12:09:53.276), or '2026-11-30 12:09:53'");
  command.add_option("--to", to, "only packets before this time");
}

void tell_window(const tscope::TimeWindow& window, std::uint64_t in_it, std::uint64_t all) {
  if (!window.any()) return;
  fmt::print(stderr,
             "tscope: {} of {} packets are within --from and --to; loss is the whole file's\n",
             in_it, all);
}

std::string none_of_flow(const CapturesGiven& given, const std::string& why, bool matches_none) {
  if (!matches_none || given.flow.empty() || given.files.front() == "-") return why;
  const auto source = given.open_one();
  return fmt::format("{}; the flows there are: {}", why, tscope::flow_list(*source));
}

void warn_if_cut_off(bool truncated, const std::string& file) {
  if (!truncated) return;
  fmt::print(stderr, "tscope: warning: {} is cut off; this is what its whole blocks hold\n", file);
}
