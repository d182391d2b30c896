// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "tscope/record/counter_check.hpp"

struct nl_sock;

namespace tscope {

/// A network interface's own counters (rtnl_link_stats64), and what decides what they count.
struct LinkCounters {
  std::string name;
  std::string kind;  ///< IFLA_INFO_KIND: "veth", "vlan", ...; empty for a physical one and loopback
  bool loopback = false;
  std::uint64_t rx_packets = 0, tx_packets = 0;
  XdpMode xdp = XdpMode::none;
  std::uint32_t tx_queue_length = 0;  ///< packets, of each queue
  std::uint32_t tx_queues = 1;
};

using LinkTable = std::map<std::uint32_t, LinkCounters>;  ///< by ifindex

/// Reads the interfaces of the network namespace in which it was made, by rtnetlink.
class LinkReader {
 public:
  LinkReader();
  ~LinkReader();
  LinkReader(const LinkReader&) = delete;
  LinkReader& operator=(const LinkReader&) = delete;

  /// Returns all interfaces, or only one if `ifindex` is not 0; nothing if the kernel does not
  /// answer.
  std::optional<LinkTable> read(std::uint32_t ifindex);

 private:
  nl_sock* socket_;
};

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
