// SPDX-License-Identifier: MIT
#include "live/devices/interface_table.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

namespace tscope {

std::uint32_t own_netns() {
  struct stat status {};
  return stat("/proc/thread-self/ns/net", &status) == 0 ? static_cast<std::uint32_t>(status.st_ino)
                                                        : 0;
}

InterfaceTable::InterfaceTable(std::uint32_t netns, const DeviceNames& names) : netns_(netns) {
  for (const auto& [ifindex, name] : names) names_[ifindex].push_back({0, name});
}

namespace {

constexpr std::uint16_t vlan_id_bits = 0x0fff, no_vlan = 0xffff;

std::uint16_t vlan_of(const tscope_record& record) {
  if ((record.flags & TSCOPE_F_VLAN) == 0) return no_vlan;
  return record.vlan_tci & vlan_id_bits;
}

}  // namespace

void InterfaceTable::rename(std::uint32_t ifindex, const std::string& name, std::uint64_t ticks) {
  std::vector<Name>& names = names_[ifindex];
  // Late records of a device that is gone have its last name, and the next of that number has its
  // own.
  if (name.empty() || (!names.empty() && names.back().text == name)) return;
  if (names.empty()) {
    names.push_back({0, name});
    std::erase_if(known_, [&](const Known& known) { return known.ifindex == ifindex; });
    last_known_ = {};
    return;
  }
  names.push_back({ticks, name});
  any_renamed_ = true;
}

std::string InterfaceTable::device_name(const tscope_record& record) const {
  const std::uint16_t vlan = vlan_of(record);
  const std::string device = untagged_name(record);
  return vlan == no_vlan ? device : fmt::format("{} vlan {}", device, vlan);
}

std::string InterfaceTable::untagged_name(const tscope_record& record) const {
  if (record.ifindex == 0) return "any";
  const bool ours = record.netns == netns_;
  const auto names = names_.find(record.ifindex);
  if (!ours) return fmt::format("if{}@netns-{}", record.ifindex, record.netns);
  if (names == names_.end()) return fmt::format("if{}", record.ifindex);
  for (auto name = names->second.rbegin(); name != names->second.rend(); ++name) {
    if (record.tsc >= name->from) return name->text;
  }
  return names->second.front().text;
}

bool InterfaceTable::was_renamed(const tscope_record& record) const {
  const auto names = names_.find(record.ifindex);
  return record.netns == netns_ && names != names_.end() && names->second.size() > 1;
}

std::uint32_t InterfaceTable::interface_of(const tscope_record& record) {
  const Interface interface { device_name(record), static_cast<Vantage>(record.vantage) };
  auto found = std::ranges::find(interfaces_, interface);
  if (found == interfaces_.end()) {
    interfaces_.push_back(interface);
    found = interfaces_.end() - 1;
  }
  return static_cast<std::uint32_t>(found - interfaces_.begin());
}

std::uint32_t InterfaceTable::index_of(const tscope_record& record) {
  // Seldom: its name hangs on the time.
  if (any_renamed_ && was_renamed(record)) return interface_of(record);
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
  const std::uint32_t index = interface_of(record);
  known_.push_back({record.netns, record.ifindex, vlan, record.vantage, index});
  return index;
}

}  // namespace tscope
