// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <sstream>
#include <system_error>

#include "tscope/base/error.hpp"
#include "tscope/probe/train.hpp"

namespace tscope {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::size_t line_max = 200;

bool all_digits(std::string_view text) {
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

// "12.000345" -> ns; digits and at most one point, nothing else.
std::optional<std::int64_t> parse_seconds(std::string_view text) {
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  std::string fraction(point == std::string_view::npos ? "" : text.substr(point + 1));
  if (whole.size() + fraction.size() == 0 || whole.size() > 9) return std::nullopt;
  if (!all_digits(whole) || !all_digits(fraction)) return std::nullopt;
  fraction.resize(9, '0');
  std::int64_t seconds = 0, ns = 0;
  std::from_chars(whole.data(), whole.data() + whole.size(), seconds);
  std::from_chars(fraction.data(), fraction.data() + fraction.size(), ns);
  return seconds * second_ns + ns;
}

class TimesReader {
 public:
  TimesReader(const std::string& path, std::uint32_t default_size)
      : path_(path), default_size_(default_size) {}

  void take(std::string line) {
    number_++;
    if (line.size() > line_max) refuse("is too long for a line of times");
    line.resize(std::min(line.find('#'), line.size()));
    std::istringstream words(line);
    std::string seconds, size, more;
    if (!(words >> seconds)) return;
    words >> size;
    if (words >> more) refuse("has more than a time and a size");
    add(seconds, size);
  }

  std::vector<PlannedProbe> plan() { return std::move(plan_); }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    throw UsageError(fmt::format("{} line {}: {}; each line is SECONDS [SIZE], times ascending",
                                 path_, number_, what));
  }

  void add(const std::string& seconds, const std::string& size) {
    const auto at = parse_seconds(seconds);
    if (!at) refuse(fmt::format("'{}' is no time in seconds", seconds));
    if (*at > train_duration_max_ns) refuse("is later than 7 days");
    if (!plan_.empty() && *at <= plan_.back().at_ns) {
      refuse(fmt::format("{} is not later than the time before", seconds));
    }
    std::uint32_t bytes = default_size_;
    if (!size.empty()) {
      const char* end = size.data() + size.size();
      const auto [rest, error] = std::from_chars(size.data(), end, bytes);
      if (error != std::errc() || rest != end || bytes < probe_size_min || bytes > probe_size_max) {
        refuse(
            fmt::format("'{}' is no size of {} to {} bytes", size, probe_size_min, probe_size_max));
      }
    }
    if (plan_.size() == train_probes_max) {
      refuse(fmt::format("a train has at most {} probes", train_probes_max));
    }
    plan_.push_back({*at, bytes});
  }

  const std::string& path_;
  std::uint32_t default_size_;
  std::uint64_t number_ = 0;
  std::vector<PlannedProbe> plan_;
};

}  // namespace

std::vector<PlannedProbe> read_times(const std::string& path, std::uint32_t default_size) {
  std::ifstream file(path);
  if (!file) {
    throw Error(fmt::format("can't read {}: {}; name a file of times with --times", path,
                            std::generic_category().message(errno)));
  }
  TimesReader reader(path, default_size);
  std::string line;
  while (std::getline(file, line)) reader.take(std::move(line));
  if (file.bad()) {
    throw Error(fmt::format("can't read {}: is it a text file? Name one with --times", path));
  }
  return reader.plan();
}

}  // namespace tscope
