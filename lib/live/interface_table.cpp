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

namespace {

constexpr std::uint16_t vlan_id_bits = 0x0fff, no_vlan = 0xffff;

std::uint16_t vlan_of(const tscope_record& record) {
  if ((record.flags & TSCOPE_F_VLAN) == 0) return no_vlan;
  return record.vlan_tci & vlan_id_bits;
}

}  // namespace

std::string InterfaceTable::device_name(const tscope_record& record) const {
  const std::uint16_t vlan = vlan_of(record);
  const std::string device = untagged_name(record);
  return vlan == no_vlan ? device : fmt::format("{} vlan {}", device, vlan);
}

std::string InterfaceTable::untagged_name(const tscope_record& record) const {
  if (record.ifindex == 0) return "any";
  char name[IF_NAMESIZE];
  const bool ours = record.netns == netns_;
  if (ours && if_indextoname(record.ifindex, name) != nullptr) return name;
  return ours ? fmt::format("if{}", record.ifindex)
              : fmt::format("if{}@netns-{}", record.ifindex, record.netns);
}

std::uint32_t InterfaceTable::index_of(const tscope_record& record) {
  const std::uint16_t vlan = vlan_of(record);
  const auto same = [&](const Known& known) {
    return known.ifindex == record.ifindex && known.vantage == record.vantage &&
           known.netns == record.netns && known.vlan == vlan;
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
  known_.push_back({record.netns, record.ifindex, vlan, record.vantage, index});
  return index;
}

}  // namespace tscope
