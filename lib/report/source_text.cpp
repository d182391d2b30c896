// SPDX-License-Identifier: MIT
#include "report/source_text.hpp"

#include <fmt/format.h>

#include "report/text.hpp"
#include "tscope/base/units.hpp"

namespace tscope {

namespace {

std::string clock_error_text(const ClockInfo& clock) {
  if (!clock.error_known) return "of unknown error: the file does not tell it";
  return fmt::format("within {} of the clock", format_duration(clock.error_ns));
}

}  // namespace

std::string causes_text(const Loss& loss) {
  return fmt::format("{} ring full, {} contended, {} missed, {} invalid",
                     loss.by_cause(TSCOPE_LOST_FULL), loss.by_cause(TSCOPE_LOST_CONTENDED),
                     loss.missed, loss.invalid);
}

std::string lost_count_text(const Loss& loss) {
  if (loss.known == Loss::Known::none) return "not known";
  return fmt::format("{}{}", loss.known == Loss::Known::partly ? "at least " : "", loss.lost());
}

std::string loss_text(const Loss& loss) {
  if (loss.known == Loss::Known::none) {
    return "Whether records were lost is not known: the file has no counts of it";
  }
  const bool partly = loss.known == Loss::Known::partly;
  std::string text = partly ? "As far as the file counts, nothing was lost" : "Nothing was lost";
  if (loss.lost() > 0) {
    text = fmt::format("{}{} lost ({}, {} by the capturing program)", partly ? "At least " : "",
                       counted(loss.lost(), "record"), causes_text(loss), loss.elsewhere);
  }
  if (partly) text += "; packets follow its last counts";
  return text;
}

std::string clock_text(const ClockInfo& clock) {
  std::string text =
      clock.source == "file"
          ? fmt::format("times as another program took them, in steps of {}",
                        format_duration(clock.resolution_ns))
          : fmt::format("{} stamps, {}", clock.source == "tsc" ? "TSC" : "the kernel's",
                        clock_error_text(clock));
  if (clock.steps > 0) text += fmt::format("; the clock jumped {}", counted(clock.steps, "time"));
  return text;
}

std::string nic_text(const NicStamps& stamps) {
  std::string text =
      fmt::format("{}/{}: {}", stamps.interface.device, vantage_name(stamps.interface.vantage),
                  counted(stamps.used, "stamp"));
  if (stamps.used > 0) {
    text += fmt::format(", within {} of the others", format_duration(stamps.error_ns));
  }
  std::string absent;
  for (const auto& [count, why] : {std::pair{stamps.zero, "zero"},
                                   {stamps.still, "of a clock that stands still"},
                                   {stamps.stray, "over 1 s off"},
                                   {stamps.no_clock, "of no clock that can be read"}}) {
    if (count > 0) absent += fmt::format("{}{} {}", absent.empty() ? "" : ", ", count, why);
  }
  if (!absent.empty()) text += fmt::format("; {} absent ({})", stamps.absent(), absent);
  if (stamps.steps > 0) {
    text += fmt::format("; its clock was set {}, stamps around that are wrong",
                        counted(stamps.steps, "time"));
  }
  return text;
}

}  // namespace tscope
