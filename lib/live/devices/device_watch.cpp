// SPDX-License-Identifier: MIT
#include "live/devices/device_watch.hpp"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace tscope {

namespace {

constexpr std::size_t message_bytes = 32768;  // as large as the kernel makes them

Descriptor link_messages() {
  Descriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK;
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) < 0) {
    return {};
  }
  return socket;
}

DeviceNames names_here() {
  DeviceNames names;
  if (auto* list = if_nameindex()) {
    for (auto* entry = list; entry->if_index != 0; entry++) names[entry->if_index] = entry->if_name;
    if_freenameindex(list);
  }
  return names;
}

}  // namespace

DeviceWatch::DeviceWatch(std::shared_ptr<const VisitedNetns> netns) : netns_(std::move(netns)) {
  if (netns_ == nullptr) socket_ = link_messages();
  run_in(netns_.get(), [&] { names_ = names_here(); });
  at_start_ = names_;
  next_visit_ = std::chrono::steady_clock::now() + visit_interval;
}

void DeviceWatch::set(std::uint32_t ifindex, const std::string& name,
                      std::vector<DeviceChange>& changes) {
  const auto known = names_.find(ifindex);
  const std::string before = known == names_.end() ? "" : known->second;
  if (before == name) return;
  changes.push_back({ifindex, before, name});
  if (name.empty()) {
    names_.erase(ifindex);
  } else {
    names_[ifindex] = name;
  }
}

// A bridge sends messages of its own when a port leaves it: the device is still there.
void DeviceWatch::take_message(const void* message, std::vector<DeviceChange>& changes) {
  const auto* header = static_cast<const nlmsghdr*>(message);
  if (header->nlmsg_type != RTM_NEWLINK && header->nlmsg_type != RTM_DELLINK) return;
  const auto* link = static_cast<const ifinfomsg*>(NLMSG_DATA(header));
  if (link->ifi_family != AF_UNSPEC) return;
  const auto ifindex = static_cast<std::uint32_t>(link->ifi_index);
  if (header->nlmsg_type == RTM_DELLINK) {
    set(ifindex, "", changes);
    return;
  }
  int left = static_cast<int>(IFLA_PAYLOAD(header));
  for (const auto* a = IFLA_RTA(link); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
    if (a->rta_type == IFLA_IFNAME) set(ifindex, static_cast<const char*>(RTA_DATA(a)), changes);
  }
}

// False: some were lost.
bool DeviceWatch::take_messages(std::vector<DeviceChange>& changes) {
  alignas(nlmsghdr) std::array<char, message_bytes> buffer;
  while (true) {
    const ssize_t got = recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got == 0 || errno != ENOBUFS;
    auto left = static_cast<unsigned>(got);
    const auto* header = reinterpret_cast<const nlmsghdr*>(buffer.data());
    for (; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
      take_message(header, changes);
    }
  }
}

void DeviceWatch::compare(std::vector<DeviceChange>& changes) {
  DeviceNames now;
  if (!run_in(netns_.get(), [&] { now = names_here(); })) {
    netns_gone_ = !netns_->exists();
    return;
  }
  const DeviceNames before = names_;
  for (const auto& [ifindex, name] : before) {
    if (!now.contains(ifindex)) set(ifindex, "", changes);
  }
  for (const auto& [ifindex, name] : now) set(ifindex, name, changes);
}

std::vector<DeviceChange> DeviceWatch::changes() {
  std::vector<DeviceChange> changes;
  if (socket_) {
    if (!take_messages(changes)) compare(changes);
    return changes;
  }
  const auto now = std::chrono::steady_clock::now();
  if (now < next_visit_) return changes;
  next_visit_ = now + visit_interval;
  compare(changes);
  return changes;
}

}  // namespace tscope
