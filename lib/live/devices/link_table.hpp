// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "tscope/record/counter_check.hpp"

namespace tscope {

/// A network interface: its own counters (rtnl_link_stats64), what decides what they count, and the
/// devices above and below it.
struct LinkCounters {
  std::string name;
  std::string kind;  ///< IFLA_INFO_KIND: "veth", "vlan", ...; empty for a physical one and loopback
  bool loopback = false;
  std::uint64_t rx_packets = 0, tx_packets = 0;
  XdpMode xdp = XdpMode::none;
  std::uint32_t tx_queue_length = 0;  ///< packets, of each queue
  std::uint32_t tx_queues = 1;
  bool up = false;
  std::uint32_t lower = 0;       ///< ifindex of the device that it stands on; 0: none
  bool lower_elsewhere = false;  ///< that is a device of another network namespace
  std::uint32_t master = 0;      ///< ifindex of the bridge, bond or VRF that it is a part of
};

using LinkTable = std::map<std::uint32_t, LinkCounters>;  ///< by ifindex

/// Returns all interfaces of the calling thread's network namespace, or only one if `ifindex` is
/// not 0; nothing if the kernel does not answer.
std::optional<LinkTable> read_links(std::uint32_t ifindex = 0);

/// Returns the name of the driver of an interface (ETHTOOL_GDRVINFO); empty if it has none.
std::string link_driver(const std::string& name);

/// Returns true if the interface is known to count a GSO packet as one.
bool link_counts_frames(const LinkCounters& link, const std::string& driver);

/// Returns the number of sent packets that may wait, however long, until the interface counts them;
/// 0 if it counts them at once or soon.
std::uint64_t link_counts_behind_queue(const LinkCounters& link);

/// Returns true if received packets of the interface pass the hooks as packets of the device below.
bool link_receives_at_lower_device(const LinkCounters& link);

/// Returns true if the driver copies the NIC's counters only now and then, about once a second.
bool driver_counts_slowly(const std::string& driver);

}  // namespace tscope
