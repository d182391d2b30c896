// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "live/devices/device_watch.hpp"
#include "tscope/record/packet.hpp"

namespace tscope {

/// The interfaces of a live source, by what records say of them. Devices of other network
/// namespaces are named if4@netns-4026532000. The VLANs of one device are interfaces of their own,
/// named "eth0 vlan 10": they may carry connections with the same addresses and ports. A device
/// that was renamed has each name for the records of its time.
class InterfaceTable {
 public:
  /// netns: inode number of the namespace whose devices have these names.
  explicit InterfaceTable(std::uint32_t netns = 0, const DeviceNames& names = {});

  std::uint32_t index_of(const tscope_record& record);
  const std::vector<Interface>& all() const { return interfaces_; }

  /// A device is called otherwise from `ticks` on, by the clock of the records; an empty name: it
  /// is gone.
  void rename(std::uint32_t ifindex, const std::string& name, std::uint64_t ticks);

 private:
  // A name, until another one holds.
  struct Name {
    std::uint64_t from = 0;  // ticks
    std::string text;
  };
  struct Known {
    std::uint32_t netns, ifindex;
    std::uint16_t vlan;
    std::uint8_t vantage;
    std::uint32_t interface;
  };

  std::string device_name(const tscope_record& record) const;
  std::string untagged_name(const tscope_record& record) const;
  bool was_renamed(const tscope_record& record) const;
  std::uint32_t interface_of(const tscope_record& record);

  std::uint32_t netns_;
  std::map<std::uint32_t, std::vector<Name>> names_;  // by ifindex, in the order of time
  bool any_renamed_ = false;
  std::vector<Interface> interfaces_;
  std::vector<Known> known_;
  std::array<std::size_t, TSCOPE_VANTAGES> last_known_{};  // by vantage point, into known_
};

/// Inode number of the calling thread's network namespace; 0 without /proc.
std::uint32_t own_netns();

}  // namespace tscope
