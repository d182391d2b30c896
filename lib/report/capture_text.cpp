// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "report/counter_check_text.hpp"
#include "report/source_text.hpp"
#include "tscope/base/units.hpp"
#include "tscope/report/capture.hpp"

namespace tscope {

namespace {

std::string quality(const CaptureSummary& s) {
  std::string text =
      s.outcome.loss.lost() == 0
          ? ", nothing lost"
          : fmt::format(", {} lost ({})", s.outcome.loss.lost(), causes_text(s.outcome.loss));
  if (s.outcome.loss.late > 0)
    text += fmt::format(", {} late (may be out of order, marked)", s.outcome.loss.late);
  text += fmt::format("; stamps within {} of the clock", format_duration(s.outcome.clock.error_ns));
  if (s.outcome.clock.steps > 0)
    text += fmt::format("; the wall clock was set {} times", s.outcome.clock.steps);
  return text + "\n";
}

std::string what_next(const CaptureSummary& s) {
  if (s.outcome.records == 0) {
    return "; it holds no packet: did the port, the interface and the namespace match the "
           "traffic?\n";
  }
  const bool no_segments =
      s.asked == std::vector{Vantage::session} || (s.protocols_asked & TSCOPE_PROTO_TCP) == 0;
  return fmt::format("; next: {} {}\n", no_segments ? "tshark -r" : "tscope acks", s.file);
}

}  // namespace

std::string capture_text(const CaptureSummary& s) {
  std::string text = fmt::format("\n{:<12}{:>12}{:>12}{:>12}\n", "", "records", "segments", "lost");
  for (const Vantage vantage : s.asked) {
    const CaptureSummary::Count& count = s.vantages[static_cast<std::size_t>(vantage)];
    text += fmt::format("{:<12}{:>12}{:>12}{:>12}\n", vantage_name(vantage), count.records,
                        count.segments, s.outcome.loss.at(vantage).records);
  }
  text += fmt::format("{} records in {:.1f} s", s.outcome.records, s.outcome.duration.count()) +
          quality(s);
  for (const NicStamps& stamps : s.outcome.nics) text += nic_text(stamps) + "\n";
  text += counter_check_text(s.outcome.counter_check);
  if (s.outcome.loss.by_cause(TSCOPE_LOST_FULL) > 0)
    text += "To lose less: larger --ring-slots, or fewer vantage points with --at.\n";
  if (s.file != "-") {
    text += fmt::format("{} ({})", s.file, format_bytes(s.outcome.bytes)) + what_next(s);
  }
  return text;
}

}  // namespace tscope
