// SPDX-License-Identifier: MIT
#include "doctor_places.hpp"

#include <fmt/format.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <set>
#include <tuple>

#include "tscope/base/descriptor.hpp"
#include "tscope/base/error.hpp"
#include "tscope/record/packet.hpp"

namespace doctor {

namespace {

using tscope::Vantage;

constexpr int either = 0;  // IPv4 or IPv6

struct Passage {
  std::string_view place;
  Vantage vantage;
  std::uint8_t protocol;
  int version;  // of IP
  bool at_request_socket = false;
};

// What only goes by one place. Those that loopback does not pass (GRO, TIME_WAIT, the NIC) are not
// here, nor ping sockets, which few may open.
constexpr auto passages = std::to_array<Passage>({
    {"netif_rx_entry", Vantage::driver_rx, TSCOPE_PROTO_TCP, either},
    {"net_dev_start_xmit", Vantage::driver_tx, TSCOPE_PROTO_TCP, either},
    {"net_dev_queue", Vantage::qdisc_tx, TSCOPE_PROTO_TCP, either},
    {"inet_sock_set_state", Vantage::session, TSCOPE_PROTO_TCP, either},
    {"tcp_v4_do_rcv", Vantage::socket_rx, TSCOPE_PROTO_TCP, 4},
    {"tcp_v6_do_rcv", Vantage::socket_rx, TSCOPE_PROTO_TCP, 6},
    {"tcp_check_req", Vantage::socket_rx, TSCOPE_PROTO_TCP, either, true},
    {"__ip_queue_xmit", Vantage::socket_tx, TSCOPE_PROTO_TCP, 4},
    {"inet6_csk_xmit", Vantage::socket_tx, TSCOPE_PROTO_TCP, 6},
    {"tcp_sendmsg", Vantage::app_tx, TSCOPE_PROTO_TCP, either},
    {"sock_recv_length", Vantage::app_rx, TSCOPE_PROTO_TCP, either},
    {"tcp_recvmsg", Vantage::app_rx, TSCOPE_PROTO_TCP, either},
    {"udp_sendmsg", Vantage::app_tx, TSCOPE_PROTO_UDP, 4},
    {"udpv6_sendmsg", Vantage::app_tx, TSCOPE_PROTO_UDP, 6},
    {"ip_send_skb", Vantage::socket_tx, TSCOPE_PROTO_UDP, 4},
    {"ip6_send_skb", Vantage::socket_tx, TSCOPE_PROTO_UDP, 6},
    {"__udp_enqueue_schedule_skb", Vantage::socket_rx, TSCOPE_PROTO_UDP, either},
    {"skb_consume_udp", Vantage::app_rx, TSCOPE_PROTO_UDP, either},
    {"raw_sendmsg", Vantage::app_tx, TSCOPE_PROTO_ICMP, 4},
    {"rawv6_sendmsg", Vantage::app_tx, TSCOPE_PROTO_ICMP, 6},
    {"ip_push_pending_frames", Vantage::socket_tx, TSCOPE_PROTO_ICMP, 4},
    {"ip6_push_pending_frames", Vantage::socket_tx, TSCOPE_PROTO_ICMP, 6},
    {"icmp_rcv", Vantage::socket_rx, TSCOPE_PROTO_ICMP, 4},
    {"icmpv6_rcv", Vantage::socket_rx, TSCOPE_PROTO_ICMP, 6},
    {"skb_free_datagram", Vantage::app_rx, TSCOPE_PROTO_ICMP, either},
});

// --- loopback ---

struct Loopback {
  Loopback(int ip_version, std::uint16_t port) : version(ip_version) {
    if (ip_version == 4) {
      v4.sin_family = AF_INET;
      v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      v4.sin_port = htons(port);
    } else {
      v6.sin6_family = AF_INET6;
      v6.sin6_addr = in6addr_loopback;
      v6.sin6_port = htons(port);
    }
  }
  int family() const { return version == 4 ? AF_INET : AF_INET6; }
  const sockaddr* address() const {
    return version == 4 ? reinterpret_cast<const sockaddr*>(&v4)
                        : reinterpret_cast<const sockaddr*>(&v6);
  }
  socklen_t size() const { return version == 4 ? sizeof(v4) : sizeof(v6); }

  int version;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
};

tscope::Descriptor open_socket(const Loopback& loopback, int type, int protocol) {
  tscope::Descriptor socket(::socket(loopback.family(), type | SOCK_CLOEXEC, protocol));
  const timeval limit{1, 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  return socket;
}

bool read_byte(int socket) {
  std::array<char, 256> buffer{};
  return recv(socket, buffer.data(), buffer.size(), 0) > 0;
}

// Each says whether its packet arrived.

bool send_stream(const Loopback& to) {
  const tscope::Descriptor listener = open_socket(to, SOCK_STREAM, 0);
  const tscope::Descriptor client = open_socket(to, SOCK_STREAM, 0);
  if (bind(listener.get(), to.address(), to.size()) != 0 || listen(listener.get(), 1) != 0 ||
      connect(client.get(), to.address(), to.size()) != 0) {
    return false;
  }
  const tscope::Descriptor server(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  return send(client.get(), "t", 1, MSG_NOSIGNAL) == 1 && read_byte(server.get());
}

bool send_datagram(const Loopback& to) {
  const tscope::Descriptor server = open_socket(to, SOCK_DGRAM, 0);
  const tscope::Descriptor client = open_socket(to, SOCK_DGRAM, 0);
  return bind(server.get(), to.address(), to.size()) == 0 &&
         sendto(client.get(), "t", 1, 0, to.address(), to.size()) == 1 && read_byte(server.get());
}

bool send_echo(const Loopback& loopback) {
  const Loopback to(loopback.version, 0);
  const tscope::Descriptor socket =
      open_socket(to, SOCK_RAW, to.version == 4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6});
  // The kernel sums up ICMPv6 by itself; zero but for the type sums up to the type's complement.
  std::array<std::uint8_t, 8> echo{};
  echo[0] = to.version == 4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
  if (to.version == 4) {
    echo[2] = static_cast<std::uint8_t>(~echo[0]);
    echo[3] = 0xff;
  }
  return sendto(socket.get(), echo.data(), echo.size(), 0, to.address(), to.size()) ==
             static_cast<ssize_t>(echo.size()) &&
         read_byte(socket.get());
}

// --- what passed ---

bool usable(const tscope_hook& hook) {
  return hook.state == TSCOPE_HOOK_PRESENT || hook.state == TSCOPE_HOOK_ATTACHED;
}

using Seen = std::set<std::tuple<Vantage, std::uint8_t, int, bool>>;

struct Trial {
  std::set<std::tuple<Vantage, std::uint8_t, int>> tried;  // a packet passed and arrived
  Seen seen;
};

// The vantage points that have places of a protocol: where all are usable, or where any is.
std::vector<Vantage> vantages_of(const tscope::KmodStatus& status, std::uint8_t protocol,
                                 bool all) {
  std::vector<Vantage> vantages;
  for (const Passage& passage : passages) {
    std::size_t places = 0, usable_places = 0;
    for (const tscope_hook& hook : status.hooks) {
      if (hook.vantage != static_cast<std::uint32_t>(passage.vantage) ||
          (hook.protocols & protocol) == 0) {
        continue;
      }
      places++;
      usable_places += usable(hook);
    }
    if (usable_places > 0 && (!all || usable_places == places) &&
        std::ranges::find(vantages, passage.vantage) == vantages.end()) {
      vantages.push_back(passage.vantage);
    }
  }
  return vantages;
}

// A vantage point without a place that it can't do without is refused: then those with all of
// theirs.
std::unique_ptr<tscope::LiveSource> open_at_most(const tscope::KmodStatus& status,
                                                 tscope::CaptureOptions& options) {
  options.vantages = vantages_of(status, options.filter.protocols, false);
  try {
    return tscope::open_kmod(options);
  } catch (const tscope::Error&) {
    options.vantages = vantages_of(status, options.filter.protocols, true);
    return tscope::open_kmod(options);
  }
}

std::uint16_t free_port() {
  const Loopback any(4, 0);
  const tscope::Descriptor socket = open_socket(any, SOCK_STREAM, 0);
  sockaddr_in bound{};
  socklen_t size = sizeof(bound);
  if (bind(socket.get(), any.address(), any.size()) != 0 ||
      getsockname(socket.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    throw tscope::Error("no port of loopback is free");
  }
  return ntohs(bound.sin_port);
}

void try_protocol(const tscope::KmodStatus& status, std::uint8_t protocol,
                  bool (*send)(const Loopback&), Trial& trial) {
  const std::uint16_t port = free_port();
  tscope::CaptureOptions options;
  options.filter.protocols = protocol;
  options.filter.port = protocol == TSCOPE_PROTO_ICMP ? std::uint16_t{0} : port;
  options.slots = 1024;
  const auto source = open_at_most(status, options);
  for (const int version : {4, 6}) {
    if (!send(Loopback(version, port))) continue;
    for (const Vantage vantage : options.vantages) {
      trial.tried.emplace(vantage, protocol, version);
      trial.tried.emplace(vantage, protocol, either);
    }
  }
  source->stop();
  tscope::Packet packet;
  while (source->next(packet) != tscope::Source::Next::end) {
    const bool at_request_socket = (packet.record.flags & TSCOPE_F_REQUEST) != 0;
    for (const int version : {packet.record.header[0] >> 4, either}) {
      trial.seen.emplace(packet.vantage(), protocol, version, at_request_socket);
    }
  }
}

std::string described(const Passage& passage) {
  return fmt::format("{} ({} of {}{})", passage.place, tscope::vantage_name(passage.vantage),
                     passage.protocol == TSCOPE_PROTO_TCP   ? "TCP"
                     : passage.protocol == TSCOPE_PROTO_UDP ? "UDP"
                                                            : "ICMP echoes",
                     passage.at_request_socket   ? " at the end of a handshake"
                     : passage.version == either ? ""
                     : passage.version == 4      ? " over IPv4"
                                                 : " over IPv6");
}

}  // namespace

Check check_places(const tscope::KmodStatus& status) {
  Check check;
  check.name = "places";
  Trial trial;
  try {
    try_protocol(status, TSCOPE_PROTO_TCP, send_stream, trial);
    try_protocol(status, TSCOPE_PROTO_UDP, send_datagram, trial);
    try_protocol(status, TSCOPE_PROTO_ICMP, send_echo, trial);
  } catch (const tscope::Error& error) {
    check.state = State::warn;
    check.what = error.what();
    check.why = "whether packets pass the places where the module stamps is not known";
    return check;
  }
  std::size_t passed = 0;
  std::string silent;
  std::set<std::string_view> untried;
  for (const tscope_hook& hook : status.hooks) {
    if (!usable(hook)) continue;
    const auto* const passage =
        std::ranges::find(passages, std::string_view(hook.name), &Passage::place);
    const bool nic = tscope::is_hardware(static_cast<Vantage>(hook.vantage));
    if (nic || passage == passages.end()) {
      if (!nic) untried.insert(hook.name);
      continue;
    }
    if (!trial.tried.contains({passage->vantage, passage->protocol, passage->version})) {
      untried.insert(hook.name);
    } else if (trial.seen.contains({passage->vantage, passage->protocol, passage->version,
                                    passage->at_request_socket})) {
      passed++;
    } else {
      silent += fmt::format("{}{}", silent.empty() ? "" : ", ", described(*passage));
    }
  }
  check.what = fmt::format("{} stamp a packet of their own", passed);
  if (!untried.empty()) {
    check.what +=
        fmt::format("; not tried, for loopback does not pass them: {}", fmt::join(untried, " "));
  }
  if (silent.empty()) return check;
  check.state = State::warn;
  check.what += fmt::format("; silent: {}", silent);
  check.why =
      "packets passed there without a stamp, for instance because the compiler put the function "
      "into its callers: captures lack them at that vantage point and count no loss";
  check.fix = "leave their vantage points out with --at, or use another kernel";
  return check;
}

}  // namespace doctor
