// SPDX-License-Identifier: MIT
#include "tscope/record/time_window.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "tscope/base/error.hpp"

namespace tscope {

namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t half_a_day = 12 * 3600 * second;
constexpr std::int64_t time_max = INT64_MAX / 2;
constexpr double seconds_max = 1e9;  // some 30 years

std::int64_t nanoseconds(double seconds) {
  return std::llround(seconds * 1e9);
}

struct TimeOfDay {
  int hour = 0, minute = 0;
  double seconds = 0;
  bool valid() const {
    return hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && seconds >= 0 && seconds < 61;
  }
};

bool ends_there(const std::string& text, int length) {
  return static_cast<std::size_t>(length) == text.size();
}

std::tm local(std::int64_t time_ns) {
  const std::time_t time = time_ns / second - (time_ns % second < 0 ? 1 : 0);
  std::tm parts{};
  localtime_r(&time, &parts);
  return parts;
}

std::int64_t at(std::tm day, const TimeOfDay& time) {
  day.tm_hour = time.hour;
  day.tm_min = time.minute;
  day.tm_sec = 0;
  day.tm_isdst = -1;
  return static_cast<std::int64_t>(std::mktime(&day)) * second + nanoseconds(time.seconds);
}

}  // namespace

std::optional<TimeWindow::Bound> TimeWindow::parse(const std::string& option,
                                                   const std::string& text) {
  if (text.empty()) return std::nullopt;
  TimeOfDay time;
  int length = 0, year = 0, month = 0, day = 0;
  if (std::sscanf(text.c_str(), "%d-%d-%d%*1[ T]%d:%d:%lf%n", &year, &month, &day, &time.hour,
                  &time.minute, &time.seconds, &length) == 6 &&
      ends_there(text, length) && time.valid() && year >= 1970 && year < 2262 && month >= 1 &&
      month <= 12 && day >= 1 && day <= 31) {
    std::tm date{};
    date.tm_year = year - 1900;
    date.tm_mon = month - 1;
    date.tm_mday = day;
    return Bound{Bound::Kind::exact, at(date, time)};
  }
  length = 0;
  if (std::sscanf(text.c_str(), "%d:%d:%lf%n", &time.hour, &time.minute, &time.seconds, &length) ==
          3 &&
      ends_there(text, length) && time.valid()) {
    const double seconds = time.hour * 3600.0 + time.minute * 60.0;
    return Bound{Bound::Kind::of_day, nanoseconds(seconds) + nanoseconds(time.seconds)};
  }
  double seconds = 0;
  length = 0;
  if (std::sscanf(text.c_str(), "%lf%n", &seconds, &length) == 1 &&
      (ends_there(text, length) || text.substr(static_cast<std::size_t>(length)) == "s") &&
      seconds >= 0 && seconds <= seconds_max) {
    return Bound{Bound::Kind::since_first, nanoseconds(seconds)};
  }
  throw UsageError(
      fmt::format("invalid time '{}' for {}: give seconds from the start (2.5), a time of day "
                  "(12:09:53.276) or '2026-11-30 12:09:53'",
                  text, option));
}

TimeWindow::TimeWindow(const std::string& from, const std::string& to)
    : from_(parse("--from", from)), to_(parse("--to", to)) {
  if (from_ && to_ && from_->kind == to_->kind && from_->kind != Bound::Kind::of_day &&
      to_->ns <= from_->ns) {
    throw UsageError(fmt::format("--to {} is not later than --from {}", to, from));
  }
}

void TimeWindow::begin(std::int64_t first_ns) {
  first_ns = std::clamp(first_ns, -time_max, time_max);
  const auto resolved = [&](const Bound& bound, std::int64_t not_before_ns) {
    if (bound.kind == Bound::Kind::exact) return bound.ns;
    if (bound.kind == Bound::Kind::since_first) return first_ns + bound.ns;
    const std::int64_t minutes = bound.ns / (60 * second);
    const TimeOfDay time{static_cast<int>(minutes / 60), static_cast<int>(minutes % 60),
                         static_cast<double>(bound.ns % (60 * second)) / 1e9};
    std::tm day = local(not_before_ns);
    const std::int64_t today = at(day, time);
    if (today >= not_before_ns - half_a_day) return today;
    day.tm_mday++;
    return at(day, time);
  };
  begun_ = true;
  if (from_) from_ns_ = resolved(*from_, first_ns);
  if (to_) to_ns_ = resolved(*to_, from_ ? std::max(from_ns_, first_ns) : first_ns);
}

bool TimeWindow::has(std::int64_t time_ns) {
  if (!any()) return true;
  if (!begun_) begin(time_ns);
  return time_ns >= from_ns_ && time_ns < to_ns_;
}

std::string time_of_day(std::int64_t time_ns) {
  const std::tm parts = local(time_ns);
  const std::int64_t rest = ((time_ns % second) + second) % second;
  return fmt::format("{:02}:{:02}:{:02}.{:06}", parts.tm_hour, parts.tm_min, parts.tm_sec,
                     rest / 1000);
}

}  // namespace tscope
