// SPDX-License-Identifier: MIT
#include "report/census_text.hpp"

#include <fmt/format.h>

#include "report/text.hpp"
#include "tscope/base/units.hpp"

namespace tscope {

namespace {

constexpr std::uint64_t perhaps_shown_from = 100;  // one of so many packets; resets repeat, too

std::string wrapped_packets(const Census& census) {
  std::string text;
  for (std::size_t i = 0; i < wrappings; i++) {
    if (census.wrapped[i] == 0) continue;
    text +=
        fmt::format("{}{} in {}", text.empty() ? "" : ", ", counted(census.wrapped[i], "packet"),
                    wrapping_name(static_cast<Wrapping>(i)));
  }
  return text;
}

std::string times(const Census& census) {
  std::string text;
  if (census.without_time > 0) {
    text += fmt::format(" {} of {} packets have no time.", census.without_time, census.packets);
  }
  if (census.back_in_time > 0) {
    text += fmt::format(" {} of {} packets go back in time, by {} at most; no gap ends there.",
                        census.back_in_time, census.packets, format_duration(census.back_max_ns));
  }
  return text;
}

}  // namespace

std::string census_text(const Census& census) {
  std::string text;
  if (const std::string wrapped = wrapped_packets(census); !wrapped.empty()) {
    text +=
        fmt::format(" Of tunnels and the like the innermost packets were analysed: {}.", wrapped);
  }
  if (census.skipped() > 0) {
    text += fmt::format(" {} of {} packets were skipped: {}.", census.skipped(), census.packets,
                        skipped_text(census));
  }
  if (std::string snap = snap_length_text(census); !snap.empty()) {
    snap[0] = 'T';
    text += " " + snap + ".";
  }
  if (census.copies > 0) {
    text += fmt::format(" {} of {} packets are copies of another and were left out.", census.copies,
                        census.packets);
  }
  if (census.perhaps_copies * perhaps_shown_from >= census.packets && census.perhaps_copies > 0) {
    text += fmt::format(
        " Whether {} that equal another are copies or repetitions can't be told, since they have "
        "no IP identification of their own; they were kept.",
        counted(census.perhaps_copies, "packet"));
  }
  if (census.second_side > 0) {
    text += fmt::format(" {} show again behind a router and have columns of their own.",
                        counted(census.second_side, "packet"));
  }
  text += times(census);
  return text.empty() ? "" : wrapped(text.substr(1), page_width, "");
}

}  // namespace tscope
