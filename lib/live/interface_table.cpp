// SPDX-License-Identifier: MIT
#include "live/interface_table.hpp"

#include <fmt/format.h>
#include <net/if.h>
#include <sys/stat.h>

#include <algorithm>

namespace tscope {

std::uint32_t own_netns() {
  struct stat status {};
  return stat("/proc/thread-self/ns/net", &status) == 0 ? static_cast<std::uint32_t>(status.st_ino)
                                                        : 0;
}

InterfaceTable::InterfaceTable() : netns_(own_netns()) {
}

std::string InterfaceTable::device_name(const tscope_record& record) const {
  if (record.ifindex == 0) return "any";
  char name[IF_NAMESIZE];
  const bool ours = record.netns == netns_;
  if (ours && if_indextoname(record.ifindex, name) != nullptr) return name;
  return ours ? fmt::format("if{}", record.ifindex)
              : fmt::format("if{}@netns-{}", record.ifindex, record.netns);
}

std::uint32_t InterfaceTable::index_of(const tscope_record& record) {
  const auto same = [&](const Known& known) {
    return known.ifindex == record.ifindex && known.vantage == record.vantage &&
           known.netns == record.netns;
  };
  const std::size_t last = last_known_[record.vantage];
  if (last < known_.size() && same(known_[last])) return known_[last].interface;
  if (const auto known = std::ranges::find_if(known_, same); known != known_.end()) {
    last_known_[record.vantage] = static_cast<std::size_t>(known - known_.begin());
    return known->interface;
  }
  const Interface interface { device_name(record), static_cast<Vantage>(record.vantage) };
  auto found = std::ranges::find(interfaces_, interface);
  if (found == interfaces_.end()) {
    interfaces_.push_back(interface);
    found = interfaces_.end() - 1;
  }
  const auto index = static_cast<std::uint32_t>(found - interfaces_.begin());
  known_.push_back({record.netns, record.ifindex, record.vantage, index});
  return index;
}

}  // namespace tscope
