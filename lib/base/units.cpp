// SPDX-License-Identifier: MIT
#include "tscope/base/units.hpp"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <map>

#include "tscope/base/error.hpp"

namespace tscope {

namespace {

struct Quantity {
  double value = 0;
  std::string unit;  // lower case, without blanks
  bool good = false;
};

Quantity split(const std::string& text) {
  Quantity quantity;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, quantity.value);
  quantity.good = error == std::errc() && std::isfinite(quantity.value) && quantity.value > 0;
  for (const char* c = rest; c != end; c++) {
    if (*c != ' ') quantity.unit += static_cast<char>(std::tolower(static_cast<unsigned char>(*c)));
  }
  return quantity;
}

}  // namespace

double parse_rate(const std::string& text) {
  Quantity quantity = split(text);
  for (const char* suffix : {"bit/s", "bps", "bit"}) {
    if (quantity.unit.ends_with(suffix)) {
      quantity.unit.resize(quantity.unit.size() - std::string(suffix).size());
      break;
    }
  }
  const std::map<std::string, double> factors{{"", 1}, {"k", 1e3}, {"m", 1e6}, {"g", 1e9}};
  const auto factor = factors.find(quantity.unit);
  if (!quantity.good || factor == factors.end()) {
    throw UsageError(fmt::format("'{}' is no rate; give one such as 100M or 2.5Gbit", text));
  }
  return quantity.value * factor->second;
}

std::int64_t parse_duration(const std::string& text) {
  const Quantity quantity = split(text);
  const std::map<std::string, double> factors{{"", 1e9},   {"s", 1e9},    {"ms", 1e6},
                                              {"us", 1e3}, {"µs", 1e3},   {"ns", 1},
                                              {"m", 60e9}, {"min", 60e9}, {"h", 3600e9}};
  const auto factor = factors.find(quantity.unit);
  if (!quantity.good || factor == factors.end() || quantity.value * factor->second > 9e18) {
    throw UsageError(fmt::format("'{}' is no time; give one such as 10s, 8ms or 20us", text));
  }
  return std::llround(quantity.value * factor->second);
}

std::string format_duration(std::int64_t ns) {
  struct Unit {
    double ns;
    const char* name;
  };
  constexpr std::array units{Unit{1e9, "s"}, Unit{1e6, "ms"}, Unit{1e3, "µs"}};
  const auto value = static_cast<double>(ns);
  for (const Unit& unit : units) {
    const double scaled = value / unit.ns;
    if (std::abs(scaled) < 1) continue;
    const int decimals = std::abs(scaled) < 10 ? 2 : std::abs(scaled) < 100 ? 1 : 0;
    return fmt::format("{:.{}f} {}", scaled, decimals, unit.name);
  }
  return fmt::format("{} ns", ns);
}

std::string format_bytes(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  const char* const names[] = {"KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(names)) {
    value /= 1024;
    unit++;
  }
  return fmt::format("{:.1f} {}", value, names[unit]);
}

std::string format_rate(double bps) {
  if (bps >= 1e9) return fmt::format("{:.4g} Gbit/s", bps / 1e9);
  if (bps >= 1e6) return fmt::format("{:.4g} Mbit/s", bps / 1e6);
  return fmt::format("{:.4g} kbit/s", bps / 1e3);
}

}  // namespace tscope
