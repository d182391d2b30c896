// SPDX-License-Identifier: MIT
#include "report/source_text.hpp"

#include <fmt/format.h>

#include "report/text.hpp"
#include "tscope/base/units.hpp"

namespace tscope {

std::string causes_text(const Loss& loss) {
  return fmt::format("{} ring full, {} contended, {} missed, {} invalid",
                     loss.by_cause(TSCOPE_LOST_FULL), loss.by_cause(TSCOPE_LOST_CONTENDED),
                     loss.missed, loss.invalid);
}

std::string loss_text(const Loss& loss) {
  if (loss.lost() == 0) return "Nothing was lost";
  return fmt::format("{} lost ({}, {} by the capturing program)", counted(loss.lost(), "record"),
                     causes_text(loss), loss.elsewhere);
}

std::string clock_text(const ClockInfo& clock) {
  std::string text = clock.source == "file"
                         ? fmt::format("times as another program took them, in steps of {}",
                                       format_duration(clock.resolution_ns))
                         : fmt::format("{} stamps, within {} of the clock",
                                       clock.source == "tsc" ? "TSC" : "the kernel's",
                                       format_duration(clock.error_ns));
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
