// SPDX-License-Identifier: MIT
#include "file/place_table.hpp"

#include <fmt/format.h>

namespace tscope {

namespace {

constexpr std::size_t places_max = 4096;

std::string name_of(const std::string& described, const Place& place) {
  const std::string_view way = place.way == Place::Way::out ? "out" : "in";
  const std::string name =
      place.ifindex != 0 ? fmt::format("if{} {}", place.ifindex, way) : std::string(way);
  return described == "-" ? name : fmt::format("{} {}", described, name);
}

}  // namespace

std::uint32_t PlaceTable::index_of(std::uint32_t described, const Place& place,
                                   std::vector<Interface>& interfaces) {
  if (place.way == Place::Way::unknown) return described;
  const auto key = std::tuple(described, place.ifindex, place.way);
  if (const auto found = places_.find(key); found != places_.end()) return found->second;
  if (places_.size() >= places_max) return described;
  const auto index = static_cast<std::uint32_t>(interfaces.size());
  interfaces.push_back({name_of(interfaces[described].device, place), Vantage::tap});
  places_.emplace(key, index);
  return index;
}

}  // namespace tscope
