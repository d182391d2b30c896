// SPDX-License-Identifier: MIT
#include "probe/wire/netlink.hpp"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/vlan.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/qdisc.h>
#include <netlink/route/route.h>
#include <netlink/route/tc.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "tscope/base/error.hpp"

namespace tscope {

namespace {

template <typename T, void (*release)(T*)>
struct Releaser {
  void operator()(T* object) const { release(object); }
};
template <typename T, void (*release)(T*)>
using Owned = std::unique_ptr<T, Releaser<T, release>>;

using Message = Owned<nl_msg, nlmsg_free>;
using Route = Owned<rtnl_route, rtnl_route_put>;
using Link = Owned<rtnl_link, rtnl_link_put>;
using Neighbour = Owned<rtnl_neigh, rtnl_neigh_put>;
using Cache = Owned<nl_cache, nl_cache_free>;

IpAddress ip_address(nl_addr* address) {
  IpAddress result;
  result.family = nl_addr_get_family(address);
  const std::size_t size = std::min<std::size_t>(nl_addr_get_len(address), result.bytes.size());
  std::memcpy(result.bytes.data(), nl_addr_get_binary_addr(address), size);
  return result;
}

MacAddress mac_address(nl_addr* address) {
  MacAddress mac{};
  if (address != nullptr && nl_addr_get_len(address) == mac.size()) {
    std::memcpy(mac.data(), nl_addr_get_binary_addr(address), mac.size());
  }
  return mac;
}

int keep_errno(sockaddr_nl*, nlmsgerr* error, void* where) {
  *static_cast<int*>(where) = -error->error;
  return NL_STOP;
}

int take_route(nl_msg* message, void* where) {
  rtnl_route* route = nullptr;
  if (rtnl_route_parse(nlmsg_hdr(message), &route) == 0) static_cast<Route*>(where)->reset(route);
  return NL_OK;
}

int take_neighbour(nl_msg* message, void* where) {
  rtnl_neigh* neighbour = nullptr;
  if (rtnl_neigh_parse(nlmsg_hdr(message), &neighbour) == 0) {
    static_cast<Neighbour*>(where)->reset(neighbour);
  }
  return NL_OK;
}

}  // namespace

Netlink::Netlink() : socket_(nl_socket_alloc()) {
  if (socket_ == nullptr || nl_connect(socket_, NETLINK_ROUTE) < 0) {
    nl_socket_free(socket_);
    throw Error("can't ask the kernel for routes (no netlink socket): is it allowed here?");
  }
  nl_socket_disable_auto_ack(socket_);
}

Netlink::~Netlink() {
  nl_socket_free(socket_);
}

int Netlink::ask(nl_msg* message, int (*take)(nl_msg*, void*), void* answer) {
  int error = 0;
  nl_socket_modify_cb(socket_, NL_CB_VALID, NL_CB_CUSTOM, take, answer);
  nl_socket_modify_err_cb(socket_, NL_CB_CUSTOM, keep_errno, &error);
  if (nl_send_auto(socket_, message) < 0) return EIO;
  nl_recvmsgs_default(socket_);
  return error;
}

std::optional<RouteAnswer> Netlink::route_to(const IpAddress& address, std::uint32_t scope) {
  const Message message(nlmsg_alloc_simple(RTM_GETROUTE, NLM_F_REQUEST));
  rtmsg header{};
  header.rtm_family = static_cast<unsigned char>(address.family);
  header.rtm_dst_len = static_cast<unsigned char>(address.size() * 8);
  nlmsg_append(message.get(), &header, sizeof(header), NLMSG_ALIGNTO);
  nla_put(message.get(), RTA_DST, static_cast<int>(address.size()), address.bytes.data());
  if (scope != 0) nla_put_u32(message.get(), RTA_OIF, scope);
  Route route;
  if (ask(message.get(), take_route, &route) != 0 || route == nullptr) return std::nullopt;
  rtnl_nexthop* hop = rtnl_route_nexthop_n(route.get(), 0);
  if (hop == nullptr) return std::nullopt;

  RouteAnswer answer;
  answer.device = rtnl_route_nh_get_ifindex(hop);
  answer.type = rtnl_route_get_type(route.get());
  nl_addr* gateway = rtnl_route_nh_get_gateway(hop);
  if (gateway == nullptr) gateway = rtnl_route_nh_get_via(hop);
  if (gateway != nullptr) answer.gateway = ip_address(gateway);
  rtnl_route_get_metric(route.get(), RTAX_MTU, &answer.mtu);
  return answer;
}

std::optional<LinkAnswer> Netlink::link(int device) {
  rtnl_link* found = nullptr;
  if (rtnl_link_get_kernel(socket_, device, nullptr, &found) < 0) return std::nullopt;
  const Link link(found);
  LinkAnswer answer;
  answer.name = rtnl_link_get_name(found);
  answer.flags = rtnl_link_get_flags(found);
  answer.mtu = rtnl_link_get_mtu(found);
  answer.type = rtnl_link_get_arptype(found);
  answer.mac = mac_address(rtnl_link_get_addr(found));
  if (rtnl_link_is_vlan(found) != 0) {
    answer.vlan = static_cast<std::uint16_t>(rtnl_link_vlan_get_id(found));
    answer.lower = rtnl_link_get_link(found);
  }
  return answer;
}

std::pair<NeighbourState, MacAddress> Netlink::neighbour(int device, const IpAddress& address) {
  const Message message(nlmsg_alloc_simple(RTM_GETNEIGH, NLM_F_REQUEST));
  ndmsg header{};
  header.ndm_family = static_cast<unsigned char>(address.family);
  header.ndm_ifindex = device;
  nlmsg_append(message.get(), &header, sizeof(header), NLMSG_ALIGNTO);
  nla_put(message.get(), NDA_DST, static_cast<int>(address.size()), address.bytes.data());
  Neighbour found;
  if (ask(message.get(), take_neighbour, &found) != 0 || found == nullptr) {
    return {NeighbourState::unknown, {}};
  }
  constexpr int has_address =
      NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT | NUD_NOARP;
  const int state = rtnl_neigh_get_state(found.get());
  if ((state & has_address) != 0) {
    return {NeighbourState::usable, mac_address(rtnl_neigh_get_lladdr(found.get()))};
  }
  return {(state & NUD_FAILED) != 0 ? NeighbourState::failed : NeighbourState::pending, {}};
}

int Netlink::look_for_neighbour(int device, const IpAddress& address) {
  const Message message(nlmsg_alloc_simple(RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK));
  ndmsg header{};
  header.ndm_family = static_cast<unsigned char>(address.family);
  header.ndm_ifindex = device;
  header.ndm_flags = NTF_USE;
  nlmsg_append(message.get(), &header, sizeof(header), NLMSG_ALIGNTO);
  nla_put(message.get(), NDA_DST, static_cast<int>(address.size()), address.bytes.data());
  return ask(
      message.get(), [](nl_msg*, void*) -> int { return NL_OK; }, nullptr);
}

bool Netlink::has_qdisc(int device, const std::string& kind) {
  nl_cache* all = nullptr;
  if (rtnl_qdisc_alloc_cache(socket_, &all) < 0) return false;
  const Cache cache(all);
  for (auto* object = nl_cache_get_first(all); object != nullptr;
       object = nl_cache_get_next(object)) {
    auto* qdisc = reinterpret_cast<rtnl_tc*>(object);
    const char* name = rtnl_tc_get_kind(qdisc);
    if (rtnl_tc_get_ifindex(qdisc) == device && name != nullptr && kind == name) return true;
  }
  return false;
}

}  // namespace tscope
