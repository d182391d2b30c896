// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tscope/record/packet.hpp"

namespace tscope {

/// The interfaces of a live source, by what records say of them. Devices of other network
/// namespaces are named if4@netns-4026532000. The VLANs of one device are interfaces of their own,
/// named "eth0 vlan 10": they may carry connections with the same addresses and ports.
class InterfaceTable {
 public:
  InterfaceTable();

  std::uint32_t index_of(const tscope_record& record);
  const std::vector<Interface>& all() const { return interfaces_; }

 private:
  struct Known {
    std::uint32_t netns, ifindex;
    std::uint16_t vlan;
    std::uint8_t vantage;
    std::uint32_t interface;
  };

  std::string device_name(const tscope_record& record) const;
  std::string untagged_name(const tscope_record& record) const;

  std::uint32_t netns_;
  std::vector<Interface> interfaces_;
  std::vector<Known> known_;
  std::array<std::size_t, TSCOPE_VANTAGES> last_known_{};  // by vantage point, into known_
};

/// Inode number of the calling thread's network namespace; 0 without /proc.
std::uint32_t own_netns();

}  // namespace tscope
