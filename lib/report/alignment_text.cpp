// SPDX-License-Identifier: MIT
#include "report/alignment_text.hpp"

#include <fmt/format.h>

#include <cmath>

#include "report/text.hpp"
#include "tscope/base/units.hpp"

namespace tscope {

namespace {

std::string signed_duration(std::int64_t ns) {
  return ns < 0 ? "-" + format_duration(-ns) : format_duration(ns);
}

// The distance of two clocks: to the microsecond, however far they are apart.
std::string clock_distance(std::int64_t ns) {
  const auto distance = std::abs(ns);
  return distance < 1'000'000'000 ? format_duration(distance)
                                  : fmt::format("{:.6f} s", static_cast<double>(distance) / 1e9);
}

// "gains 1.234 ppm (± 0.021)"; at rest the error is a 95 % interval and no bound.
std::string drift_text(const Alignment& a) {
  const char* const verb = a.drift_ppm() < 0 ? "loses" : "gains";
  const auto error = a.drift_error_ppm();
  if (error) {
    return fmt::format("{} {:.3f} ppm (± {:.3f}{})", verb, std::abs(a.drift_ppm()), *error,
                       a.method == AlignMethod::at_rest ? ", 95 %" : "");
  }
  if (a.drift_ppm() == 0) return "drifts by an unknown rate";
  return fmt::format("{} {:.3f} ppm (error unknown)", verb, std::abs(a.drift_ppm()));
}

}  // namespace

std::string swapped_text(const std::string& why) {
  return wrapped(fmt::format("The files were given the other way round and are swapped: {}.", why),
                 page_width, "");
}

std::string alignment_text(const Alignment& a, const std::string& note) {
  std::string text = fmt::format("Clocks ({}): ", align_method_name(a.method));
  if (a.method == AlignMethod::none) {
    text += "not aligned";
  } else {
    text += fmt::format("file 2 is {} {} file 1 at the start and {}", clock_distance(a.offset_ns()),
                        a.offset_ns() < 0 ? "behind" : "ahead of", drift_text(a));
    text +=
        a.error_ns ? fmt::format(", within {}", format_duration(*a.error_ns)) : ", error unknown";
    text += fmt::format("; by {}", counted(a.samples, "packet"));
    if (a.towards_first && a.towards_second) {
      text += fmt::format(
          "; quickest way there and back {}; residual (an interval's least delay above that) {} "
          "median, {} at 99 %",
          format_duration(a.round_trip_ns), format_duration(a.residual_p50_ns),
          format_duration(a.residual_p99_ns));
    }
  }
  if (a.outliers > 0)
    text += fmt::format("; {} left out", counted(a.outliers, "contradicting interval"));
  if (a.bends > 0) text += fmt::format("; the clocks bend {}", counted(a.bends, "time"));
  if (!note.empty()) text += "; " + note;
  text = wrapped(text + ".", page_width, "");
  for (const ClockStep& step : a.steps) {
    const std::int64_t since = a.pieces.empty() ? 0 : step.at_ns - a.pieces.front().from_ns;
    text += fmt::format(
        "  STEP: file 2's clock jumped by {} (within {}) {} from the start (within {})\n",
        signed_duration(step.size_ns), format_duration(step.error_ns), format_duration(since),
        format_duration(step.within_ns));
  }
  return text;
}

}  // namespace tscope
