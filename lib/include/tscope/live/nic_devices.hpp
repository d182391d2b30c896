// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tscope {

/// A device whose NIC has a clock of its own (a PTP hardware clock).
struct NicDevice {
  std::string name;
  std::uint32_t ifindex = 0;
  int phc = -1;  ///< the clock is /dev/ptp<phc>; devices may share one
  bool can_rx = false, can_tx = false;
  std::optional<bool> rx_on, tx_on;  ///< nothing where the driver does not tell
};

/// Returns the devices with a clock of the calling thread's network namespace (ETHTOOL_GET_TS_INFO,
/// SIOCGHWTSTAMP).
std::vector<NicDevice> nic_devices();

/// Returns the command by which the user lets the NIC stamp what it can.
std::string nic_switch_on(const NicDevice& device);

/// Returns true if two readings of /dev/ptp<phc>, 2 ms apart, tell the same time. Throws Error if
/// it can't be read.
bool nic_clock_stands_still(int phc);

}  // namespace tscope
