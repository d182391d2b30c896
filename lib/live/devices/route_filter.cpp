// SPDX-License-Identifier: MIT
#include "live/devices/route_filter.hpp"

#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "tscope/record/vantage.hpp"

namespace tscope {

namespace {

constexpr std::size_t v4_bytes = 4, v6_bytes = 16;
constexpr std::size_t v4_protocol_at = 9, v4_source_at = 12, v6_protocol_at = 6, v6_source_at = 8;
constexpr AddressBytes unspecified{};

std::size_t size_of(std::uint8_t family) {
  return family == AF_INET ? v4_bytes : v6_bytes;
}

// Of an IP header: from here to there, whichever way the record goes.
RouteQuestion question_of(const tscope_record& record) {
  RouteQuestion question;
  const bool v6 = record.header[0] >> 4 == 6;
  question.family = v6 ? AF_INET6 : AF_INET;
  question.protocol = record.header[v6 ? v6_protocol_at : v4_protocol_at];
  const std::uint8_t* source = record.header + (v6 ? v6_source_at : v4_source_at);
  const std::size_t size = size_of(question.family);
  std::memcpy(question.local.data(), source, size);
  std::memcpy(question.remote.data(), source + size, size);
  if (is_receive(static_cast<Vantage>(record.vantage))) std::swap(question.local, question.remote);
  return question;
}

// Where the socket, and no route, chooses the device: groups, link-local addresses, everybody.
bool is_sockets_choice(const RouteQuestion& question) {
  const AddressBytes& to = question.remote;
  if (question.family == AF_INET) {
    return (to[0] >= 224 && to[0] < 240) ||
           std::all_of(to.begin(), to.begin() + v4_bytes, [](auto b) { return b == 0xff; });
  }
  return to[0] == 0xff || (to[0] == 0xfe && (to[1] & 0xc0) == 0x80);
}

int take_route(nl_msg* message, void* where) {
  nlmsghdr* header = nlmsg_hdr(message);
  std::array<nlattr*, RTA_MAX + 1> attributes{};
  if (header->nlmsg_type != RTM_NEWROUTE ||
      nlmsg_parse(header, sizeof(rtmsg), attributes.data(), RTA_MAX, nullptr) < 0) {
    return NL_OK;
  }
  auto& answer = *static_cast<std::optional<RouteTaken>*>(where);
  answer.emplace();
  if (attributes[RTA_OIF] != nullptr) answer->ifindex = nla_get_u32(attributes[RTA_OIF]);
  if (attributes[RTA_PREFSRC] != nullptr) {
    const auto length = static_cast<std::size_t>(nla_len(attributes[RTA_PREFSRC]));
    std::memcpy(answer->local.data(), nla_data(attributes[RTA_PREFSRC]),
                std::min(length, answer->local.size()));
  }
  return NL_STOP;
}

int end_with_error(sockaddr_nl*, nlmsgerr*, void*) {
  return NL_STOP;
}

}  // namespace

std::optional<RouteTaken> ask_route(const RouteQuestion& question) {
  const std::unique_ptr<nl_sock, void (*)(nl_sock*)> socket(nl_socket_alloc(), nl_socket_free);
  if (socket == nullptr || nl_connect(socket.get(), NETLINK_ROUTE) < 0) return std::nullopt;
  nl_socket_disable_auto_ack(socket.get());
  const std::unique_ptr<nl_msg, void (*)(nl_msg*)> message(
      nlmsg_alloc_simple(RTM_GETROUTE, NLM_F_REQUEST), nlmsg_free);
  const auto size = static_cast<int>(size_of(question.family));
  rtmsg header{};
  header.rtm_family = question.family;
  header.rtm_dst_len = static_cast<unsigned char>(8 * size);
  const bool bound = question.local != unspecified;
  if (bound) header.rtm_src_len = header.rtm_dst_len;
  nlmsg_append(message.get(), &header, sizeof(header), NLMSG_ALIGNTO);
  nla_put(message.get(), RTA_DST, size, question.remote.data());
  if (bound) nla_put(message.get(), RTA_SRC, size, question.local.data());
  nla_put_u8(message.get(), RTA_IP_PROTO, question.protocol);
  std::optional<RouteTaken> answer;
  nl_socket_modify_cb(socket.get(), NL_CB_VALID, NL_CB_CUSTOM, take_route, &answer);
  nl_socket_modify_err_cb(socket.get(), NL_CB_CUSTOM, end_with_error, nullptr);
  if (nl_send_auto(socket.get(), message.get()) >= 0) nl_recvmsgs_default(socket.get());
  return answer;
}

bool RouteFilter::matches(const AddressBytes& address) const {
  const unsigned bytes = filter_.prefix_len / 8, bits = filter_.prefix_len % 8;
  if (std::memcmp(address.data(), filter_.address, bytes) != 0) return false;
  return bits == 0 || ((address[bytes] ^ filter_.address[bytes]) >> (8 - bits)) == 0;
}

const std::optional<RouteTaken>& RouteFilter::answer_to(const RouteQuestion& question) {
  const auto now = std::chrono::steady_clock::now();
  if (now >= forget_at_ || answers_.size() >= answers_max) {
    answers_.clear();
    forget_at_ = now + answer_lasts;
  }
  const auto known = answers_.find(question);
  if (known != answers_.end()) return known->second;
  return answers_.emplace(question, ask_(question)).first->second;
}

bool RouteFilter::wants(tscope_record& record) {
  const bool no_device = filter_.ifindex != 0 && record.ifindex == 0;
  const bool made_up = (record.flags & TSCOPE_F_SYNTH_IP) != 0;
  if (!no_device && (filter_.prefix_len == 0 || !made_up)) return true;
  const RouteQuestion question = question_of(record);
  const bool no_address = filter_.prefix_len != 0 && made_up && question.local == unspecified &&
                          !matches(question.remote);
  if (!no_device && !no_address) return true;
  if (is_sockets_choice(question)) {
    unsure_++;
    return true;
  }
  const std::optional<RouteTaken>& route = answer_to(question);
  if (!route) return false;
  if (no_device && route->ifindex != filter_.ifindex) return false;
  if (no_address && !matches(route->local)) return false;
  if (no_device) record.ifindex = route->ifindex;
  return true;
}

}  // namespace tscope
