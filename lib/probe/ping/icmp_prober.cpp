// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <sys/random.h>

#include <cerrno>
#include <cstring>

#include "probe/ping/echo.hpp"
#include "probe/ping/stamped_socket.hpp"
#include "tscope/base/error.hpp"

namespace tscope {

namespace {

struct Opened {
  Descriptor socket;
  bool raw = false;
};

// Raw sockets get every echo reply and error of the machine; the rest need not be copied to us.
void filter_raw(int socket, bool v6) {
  if (v6) {
    icmp6_filter filter;
    ICMP6_FILTER_SETBLOCKALL(&filter);
    ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
    setsockopt(socket, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter);
  } else {
    constexpr int icmp_filter_option =
        1;  // ICMP_FILTER, whose header and <netinet/ip_icmp.h> clash
    const std::uint32_t blocked = ~(1U << ICMP_ECHOREPLY);
    setsockopt(socket, SOL_RAW, icmp_filter_option, &blocked, sizeof blocked);
  }
}

Opened open_icmp(bool v6) {
  const int family = v6 ? AF_INET6 : AF_INET;
  const int protocol = v6 ? static_cast<int>(IPPROTO_ICMPV6) : static_cast<int>(IPPROTO_ICMP);
  Opened opened;
  opened.socket = Descriptor(socket(family, SOCK_DGRAM | SOCK_CLOEXEC, protocol));
  if (opened.socket) return opened;
  opened.socket = Descriptor(socket(family, SOCK_RAW | SOCK_CLOEXEC, protocol));
  opened.raw = true;
  if (opened.socket) {
    filter_raw(opened.socket.get(), v6);
    return opened;
  }
  if (errno == EPERM || errno == EACCES) {
    throw Error(
        "no permission for ICMP sockets: allow this group ping sockets with sysctl -w "
        "net.ipv4.ping_group_range=\"0 2147483647\", or give CAP_NET_RAW (setcap cap_net_raw=ep), "
        "or use --udp");
  }
  throw Error(fmt::format("can't open an ICMP socket: {}; is IPv{} there?", std::strerror(errno),
                          v6 ? 6 : 4));
}

std::uint64_t random64() {
  std::uint64_t value = 0;
  if (getrandom(&value, sizeof value, 0) != sizeof value) {
    throw Error("the kernel gives no random numbers (getrandom); is /dev/urandom there?");
  }
  return value;
}

class IcmpProber final : public Prober {
 public:
  IcmpProber(const PingOptions& options, const PingWay& way, Opened opened)
      : v6_(way.to.family() == AF_INET6),
        raw_(opened.raw),
        echo_(v6_, static_cast<std::uint16_t>(random64()), options.size, random64()),
        socket_((connect_to(opened.socket.get(), way, options), std::move(opened.socket)),
                way.to.family()) {
    // A ping socket's id is its port.
    if (!raw_) echo_.set_id(local().port());
    to_ = way.to.ip();
  }

  int fd() const override { return socket_.fd(); }
  bool stamps() const override { return socket_.stamps(); }
  std::string name() const override { return raw_ ? "raw" : "ping"; }
  std::uint16_t id() const override { return echo_.id(); }
  std::optional<std::uint64_t> index_of(std::uint32_t key) const override {
    return Echo::index_of(static_cast<std::uint16_t>(key), last_);
  }

  SocketAddress local() const override { return local_address(fd()); }

  int send(std::uint64_t index) override {
    last_ = index;
    return socket_.send(index, echo_.request(index, raw_ && !v6_));
  }

  bool receive(PingEvents& events) override {
    while (const auto datagram = socket_.receive()) {
      if (take(*datagram, events)) return true;
    }
    return false;
  }

  void read_errors(PingEvents& events) override {
    socket_.read_errors(events, [this](auto packet) { return echo_.quoted(packet, last_); });
  }

 private:
  bool take(const ReceivedDatagram& datagram, PingEvents& events) {
    auto message = datagram.bytes;
    std::size_t length = datagram.length;
    if (raw_ && !v6_) {
      const std::size_t header = message.empty() ? 0 : (message[0] & std::size_t{15}) * 4;
      if (header < 20 || message.size() < header) return false;
      message = message.subspan(header);
      length -= header;
    }
    auto reply = echo_.read(message, length, last_);
    if (!reply) return false;
    reply->from = datagram.from;
    reply->ttl = datagram.ttl;
    reply->app_rx_ns = datagram.app_rx_ns;
    reply->driver_rx_ns = datagram.driver_rx_ns;
    reply->hw_rx_ns = datagram.hw_rx_ns;
    if (reply->from.bytes != to_.bytes) reply->fault = ReplyFault::forged;
    events.emplace_back(*reply);
    return true;
  }

  bool v6_, raw_;
  Echo echo_;
  StampedSocket socket_;
  IpAddress to_;
  std::uint64_t last_ = 0;
};

}  // namespace

std::unique_ptr<Prober> make_icmp_prober(const PingOptions& options, const PingWay& way) {
  return std::make_unique<IcmpProber>(options, way, open_icmp(way.to.family() == AF_INET6));
}

}  // namespace tscope
