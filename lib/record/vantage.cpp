// SPDX-License-Identifier: MIT
#include "tscope/record/vantage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "tscope/base/error.hpp"

namespace tscope {

namespace {

struct Name {
  Vantage vantage;
  std::string_view name;
  std::string_view layer;
};

// In the order of a packet's way in, then out.
constexpr std::array names{
    Name{Vantage::hw_rx, "hw-rx", "hw"},
    Name{Vantage::driver_rx, "driver-rx", "driver"},
    Name{Vantage::socket_rx, "socket-rx", "socket"},
    Name{Vantage::app_rx, "app-rx", "app"},
    Name{Vantage::app_tx, "app-tx", "app"},
    Name{Vantage::socket_tx, "socket-tx", "socket"},
    Name{Vantage::qdisc_tx, "qdisc-tx", "qdisc"},
    Name{Vantage::driver_tx, "driver-tx", "driver"},
    Name{Vantage::hw_tx, "hw-tx", "hw"},
    Name{Vantage::session, "session", "session"},
    Name{Vantage::tap, "tap", "tap"},
};

std::string known_names() {
  std::string text;
  for (const Name& entry : names) {
    if (entry.vantage != Vantage::tap)
      text += fmt::format("{}{}", text.empty() ? "" : ", ", entry.name);
  }
  return text;
}

}  // namespace

std::string_view vantage_name(Vantage vantage) {
  const auto* entry = std::ranges::find(names, vantage, &Name::vantage);
  return entry == names.end() ? "unknown" : entry->name;
}

std::optional<Vantage> vantage_from_name(std::string_view name) {
  const auto* entry = std::ranges::find(names, name, &Name::name);
  if (entry == names.end()) return std::nullopt;
  return entry->vantage;
}

std::vector<Vantage> parse_vantages(std::string_view list) {
  std::vector<Vantage> vantages;
  while (true) {
    const std::size_t comma = list.find(',');
    const std::string_view word = list.substr(0, comma);
    bool known = false;
    for (const Name& entry : names) {
      if (word != entry.name && word != entry.layer) continue;
      known = true;
      if (std::ranges::find(vantages, entry.vantage) == vantages.end()) {
        vantages.push_back(entry.vantage);
      }
    }
    if (!known) {
      throw UsageError(
          fmt::format("no vantage point '{}'; there are {} (or a layer's name for both directions)",
                      word, known_names()));
    }
    if (comma == std::string_view::npos) return vantages;
    list.remove_prefix(comma + 1);
  }
}

bool is_receive(Vantage vantage) {
  return vantage == Vantage::hw_rx || vantage == Vantage::driver_rx ||
         vantage == Vantage::socket_rx || vantage == Vantage::app_rx;
}

bool is_hardware(Vantage vantage) {
  return vantage == Vantage::hw_rx || vantage == Vantage::hw_tx;
}

int path_order(Vantage vantage) {
  const auto* entry = std::ranges::find(names, vantage, &Name::vantage);
  return static_cast<int>(entry - names.begin());
}

}  // namespace tscope
