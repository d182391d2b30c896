// SPDX-License-Identifier: MIT
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>

#include "tscope/base/descriptor.hpp"
#include "tscope/live/capture.hpp"

namespace tscope {

namespace {

/// Asks the kernel about network devices by name.
class Devices {
 public:
  bool is_ethernet(const char* device) const {
    ifreq request = request_of(device);
    if (ioctl(socket_.get(), SIOCGIFHWADDR, &request) < 0) return false;
    // Linux gives loopback frames an Ethernet header too.
    return request.ifr_hwaddr.sa_family == ARPHRD_ETHER ||
           request.ifr_hwaddr.sa_family == ARPHRD_LOOPBACK;
  }

  bool is_up(const char* device) const {
    ifreq request = request_of(device);
    return ioctl(socket_.get(), SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) != 0;
  }

 private:
  static ifreq request_of(const char* device) {
    ifreq request{};
    std::strncpy(request.ifr_name, device, IFNAMSIZ - 1);
    return request;
  }

  Descriptor socket_{socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

LinkType link_type_here(const CaptureOptions& options) {
  const Devices devices;
  bool ethernet = !options.all_netns;
  if (!options.filter.device.empty()) {
    ethernet = devices.is_ethernet(options.filter.device.c_str());
  } else if (auto* list = if_nameindex()) {
    for (auto* entry = list; entry->if_index != 0; entry++) {
      ethernet =
          ethernet && (devices.is_ethernet(entry->if_name) || !devices.is_up(entry->if_name));
    }
    if_freenameindex(list);
  }
  return ethernet ? LinkType::ethernet : LinkType::raw_ip;
}

}  // namespace

LinkType capture_link_type(const CaptureOptions& options) {
  LinkType type = LinkType::raw_ip;
  run_in(options.netns.get(), [&] { type = link_type_here(options); });
  return type;
}

}  // namespace tscope
