// SPDX-License-Identifier: MIT
#include "live/devices/link_table.hpp"

#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string_view>

#include "tscope/base/descriptor.hpp"

namespace tscope {

namespace {

using namespace std::string_view_literals;

// Their rx_handler or the VLAN code changes the skb's device in the middle of the receive path.
constexpr std::array lower_device_kinds{"vlan"sv, "macvlan"sv, "macvtap"sv, "ipvlan"sv, "ipvtap"sv,
                                        "bond"sv, "team"sv,    "vrf"sv,     "ifb"sv};
// A bond's counters are the sum of those of its devices.
constexpr std::array sum_kinds{"bond"sv};
// Physical to rtnetlink, but each buffer of the host counts once, however large.
constexpr std::array frame_drivers{"virtio_net"sv, "vif"sv};
constexpr std::array slow_drivers{"e1000"sv,   "tg3"sv, "bnx2"sv,    "bnx2x"sv,
                                  "bnxt_en"sv, "sfc"sv, "atlantic"sv};

bool among(const auto& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

XdpMode xdp_mode(nlattr* attribute) {
  std::array<nlattr*, IFLA_XDP_MAX + 1> xdp{};
  if (nla_parse_nested(xdp.data(), IFLA_XDP_MAX, attribute, nullptr) < 0 ||
      xdp[IFLA_XDP_ATTACHED] == nullptr) {
    return XdpMode::none;
  }
  switch (nla_get_u8(xdp[IFLA_XDP_ATTACHED])) {
    case XDP_ATTACHED_DRV:
      return XdpMode::native;
    case XDP_ATTACHED_SKB:
      return XdpMode::generic;
    case XDP_ATTACHED_HW:
      return XdpMode::offloaded;
    case XDP_ATTACHED_MULTI:
      return XdpMode::several;
    default:
      return XdpMode::none;
  }
}

std::string kind_of(nlattr* attribute) {
  std::array<nlattr*, IFLA_INFO_MAX + 1> info{};
  if (nla_parse_nested(info.data(), IFLA_INFO_MAX, attribute, nullptr) < 0 ||
      info[IFLA_INFO_KIND] == nullptr) {
    return "";
  }
  return nla_get_string(info[IFLA_INFO_KIND]);
}

int take_link(nl_msg* message, void* where) {
  nlmsghdr* header = nlmsg_hdr(message);
  std::array<nlattr*, IFLA_MAX + 1> attributes{};
  if (header->nlmsg_type != RTM_NEWLINK ||
      nlmsg_parse(header, sizeof(ifinfomsg), attributes.data(), IFLA_MAX, nullptr) < 0 ||
      attributes[IFLA_IFNAME] == nullptr || attributes[IFLA_STATS64] == nullptr) {
    return NL_OK;
  }
  const auto* link = static_cast<const ifinfomsg*>(nlmsg_data(header));
  rtnl_link_stats64 stats{};
  const int length = nla_len(attributes[IFLA_STATS64]);
  std::memcpy(&stats, nla_data(attributes[IFLA_STATS64]),
              std::min(sizeof(stats), static_cast<std::size_t>(length)));
  LinkCounters counters;
  counters.name = nla_get_string(attributes[IFLA_IFNAME]);
  counters.loopback = (link->ifi_flags & IFF_LOOPBACK) != 0;
  counters.up = (link->ifi_flags & IFF_UP) != 0;
  counters.lower_elsewhere = attributes[IFLA_LINK_NETNSID] != nullptr;
  if (attributes[IFLA_LINK] != nullptr) counters.lower = nla_get_u32(attributes[IFLA_LINK]);
  if (attributes[IFLA_MASTER] != nullptr) counters.master = nla_get_u32(attributes[IFLA_MASTER]);
  counters.rx_packets = stats.rx_packets;
  counters.tx_packets = stats.tx_packets;
  if (attributes[IFLA_LINKINFO] != nullptr) counters.kind = kind_of(attributes[IFLA_LINKINFO]);
  if (attributes[IFLA_XDP] != nullptr) counters.xdp = xdp_mode(attributes[IFLA_XDP]);
  if (attributes[IFLA_TXQLEN] != nullptr) {
    counters.tx_queue_length = nla_get_u32(attributes[IFLA_TXQLEN]);
  }
  if (attributes[IFLA_NUM_TX_QUEUES] != nullptr) {
    counters.tx_queues = nla_get_u32(attributes[IFLA_NUM_TX_QUEUES]);
  }
  static_cast<LinkTable*>(where)->insert_or_assign(static_cast<std::uint32_t>(link->ifi_index),
                                                   std::move(counters));
  return NL_OK;
}

// An interface that is gone is an empty answer, not a failure.
int end_with_error(sockaddr_nl*, nlmsgerr* error, void* where) {
  *static_cast<bool*>(where) = error->error != -ENODEV;
  return NL_STOP;
}

}  // namespace

std::optional<LinkTable> read_links(std::uint32_t ifindex) {
  const std::unique_ptr<nl_sock, void (*)(nl_sock*)> socket(nl_socket_alloc(), nl_socket_free);
  if (socket == nullptr || nl_connect(socket.get(), NETLINK_ROUTE) < 0) return std::nullopt;
  nl_socket_disable_auto_ack(socket.get());
  LinkTable links;
  bool failed = false;
  const std::unique_ptr<nl_msg, void (*)(nl_msg*)> message(
      nlmsg_alloc_simple(RTM_GETLINK, NLM_F_REQUEST | (ifindex == 0 ? NLM_F_DUMP : 0)), nlmsg_free);
  ifinfomsg header{};
  header.ifi_index = static_cast<int>(ifindex);
  nlmsg_append(message.get(), &header, sizeof(header), NLMSG_ALIGNTO);
  nl_socket_modify_cb(socket.get(), NL_CB_VALID, NL_CB_CUSTOM, take_link, &links);
  nl_socket_modify_err_cb(socket.get(), NL_CB_CUSTOM, end_with_error, &failed);
  if (nl_send_auto(socket.get(), message.get()) < 0) return std::nullopt;
  nl_recvmsgs_default(socket.get());
  if (failed) return std::nullopt;
  return links;
}

std::string link_driver(const std::string& name) {
  const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ethtool_drvinfo info{};
  info.cmd = ETHTOOL_GDRVINFO;
  ifreq request{};
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_data = reinterpret_cast<char*>(&info);
  return ioctl(socket.get(), SIOCETHTOOL, &request) == 0 ? info.driver : "";
}

bool link_counts_frames(const LinkCounters& link, const std::string& driver) {
  if (link.loopback) return true;
  return link.kind.empty() ? among(frame_drivers, driver) : !among(sum_kinds, link.kind);
}

// tun.c keeps a ring of tx_queue_len packets for each open queue, and counts what a reader takes.
std::uint64_t link_counts_behind_queue(const LinkCounters& link) {
  return link.kind == "tun" ? std::uint64_t{link.tx_queue_length} * link.tx_queues : 0;
}

bool link_receives_at_lower_device(const LinkCounters& link) {
  return among(lower_device_kinds, link.kind);
}

bool driver_counts_slowly(const std::string& driver) {
  return among(slow_drivers, driver);
}

}  // namespace tscope
