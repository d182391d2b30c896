// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>

#include "tscope/base/descriptor.hpp"
#include "tscope/live/nic_devices.hpp"

namespace tscope {

namespace {

template <typename T>
bool ask(int socket, const std::string& device, unsigned long command, T& data) {
  ifreq request{};
  device.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_data = reinterpret_cast<char*>(&data);
  return ioctl(socket, command, &request) == 0;
}

std::optional<NicDevice> device_with_clock(int socket, const std::string& name,
                                           std::uint32_t ifindex) {
  ethtool_ts_info info{};
  info.cmd = ETHTOOL_GET_TS_INFO;
  if (!ask(socket, name, SIOCETHTOOL, info) || info.phc_index < 0) return std::nullopt;
  NicDevice device;
  device.name = name;
  device.ifindex = ifindex;
  device.phc = info.phc_index;
  device.can_rx = (info.so_timestamping & SOF_TIMESTAMPING_RX_HARDWARE) != 0;
  device.can_tx = (info.so_timestamping & SOF_TIMESTAMPING_TX_HARDWARE) != 0;
  hwtstamp_config config{};
  if (ask(socket, name, SIOCGHWTSTAMP, config)) {
    device.rx_on = config.rx_filter != HWTSTAMP_FILTER_NONE;
    device.tx_on = config.tx_type != HWTSTAMP_TX_OFF;
  }
  return device;
}

}  // namespace

std::vector<NicDevice> nic_devices() {
  std::vector<NicDevice> devices;
  const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  auto* list = if_nameindex();
  if (list == nullptr) return devices;
  for (auto* entry = list; entry->if_index != 0; entry++) {
    if (auto device = device_with_clock(socket.get(), entry->if_name, entry->if_index)) {
      devices.push_back(std::move(*device));
    }
  }
  if_freenameindex(list);
  return devices;
}

std::string nic_switch_on(const NicDevice& device) {
  return fmt::format("hwstamp_ctl -i {} -r {} -t {}", device.name,
                     device.can_rx ? int{HWTSTAMP_FILTER_ALL} : int{HWTSTAMP_FILTER_NONE},
                     device.can_tx ? int{HWTSTAMP_TX_ON} : int{HWTSTAMP_TX_OFF});
}

}  // namespace tscope
