// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <unordered_map>
#include <utility>

#include "probe/ping/clock.hpp"
#include "probe/ping/prober.hpp"
#include "tscope/base/descriptor.hpp"
#include "tscope/base/error.hpp"

namespace tscope {

namespace {

constexpr std::size_t open_max = 256;

class TcpProber final : public Prober {
 public:
  TcpProber(const PingOptions& options, const PingWay& way)
      : options_(options), way_(way), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    // No packet leaves: a UDP socket's connect() asks for the route alone.
    const Descriptor asks(::socket(way.to.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
    connect_to(asks.get(), way, options);
    local_ = local_address(asks.get());
  }

  int fd() const override { return epoll_.get(); }
  bool stamps() const override { return false; }
  std::string name() const override { return "tcp"; }
  std::uint16_t id() const override { return 0; }
  std::optional<std::uint64_t> index_of(std::uint32_t key) const override {
    const auto found = index_of_port_.find(key);
    if (found == index_of_port_.end()) return std::nullopt;
    return found->second;
  }
  SocketAddress local() const override { return local_; }

  void prepare_next() override {
    next_ = Descriptor(::socket(way_.to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    no_socket_ = next_ ? 0 : errno;
    if (!next_) return;
    prepare(next_.get(), way_, options_);
    // Closed by a reset: neither side keeps the connection.
    const linger at_once{1, 0};
    setsockopt(next_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }

  int send(std::uint64_t index) override {
    Descriptor socket = std::exchange(next_, {});
    if (!socket) return no_socket_;
    if (open_.size() >= open_max) open_.erase(open_.begin());
    if (connect(socket.get(), way_.to.get(), way_.to.length) < 0 && errno != EINPROGRESS &&
        errno != ECONNREFUSED) {
      return errno;
    }
    const std::uint32_t port = local_address(socket.get()).port();
    index_of_port_[port] = index;
    epoll_event event{};
    event.events = EPOLLOUT;
    event.data.u64 = index;
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket.get(), &event);
    open_[index] = {std::move(socket), port};
    return 0;
  }

  bool receive(PingEvents& events) override {
    epoll_event event{};
    if (epoll_wait(epoll_.get(), &event, 1, 0) < 1) return false;
    const std::int64_t now = raw_ns();
    const auto found = open_.find(event.data.u64);
    if (found == open_.end()) return false;
    const Open open = std::move(found->second);
    open_.erase(found);
    take(open, event.data.u64, now, events);
    return true;
  }

  void read_errors(PingEvents&) override {}

 private:
  struct Open {
    Descriptor socket;
    std::uint32_t port = 0;
  };

  void take(const Open& open, std::uint64_t index, std::int64_t now, PingEvents& events) const {
    const int socket = open.socket.get();
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0 && error != ECONNREFUSED) {
      Refusal refusal;
      refusal.index = index;
      refusal.from = error == ETIMEDOUT ? way_.to.ip() : local_.ip();
      refusal.text = std::strerror(error);
      events.emplace_back(refusal);
      return;
    }
    Reply reply;
    reply.index = index;
    reply.from = way_.to.ip();
    reply.key = open.port;
    reply.app_rx_ns = now;
    tcp_info info{};
    length = sizeof info;
    getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &length);
    // A reset that came within connect() is told there, not by SO_ERROR.
    reply.reset = error == ECONNREFUSED || info.tcpi_state == TCP_CLOSE;
    // Which of the two SYNs was answered, nobody can tell.
    if (info.tcpi_total_retrans > 0) reply.fault = ReplyFault::resent;
    events.emplace_back(reply);
  }

  PingOptions options_;
  PingWay way_;
  Descriptor epoll_, next_;
  int no_socket_ = EMFILE;  // why there is no next one
  SocketAddress local_;
  std::map<std::uint64_t, Open> open_;
  std::unordered_map<std::uint32_t, std::uint64_t> index_of_port_;  // 65536 at most
};

}  // namespace

std::unique_ptr<Prober> make_tcp_prober(const PingOptions& options, const PingWay& way) {
  return std::make_unique<TcpProber>(options, way);
}

}  // namespace tscope
