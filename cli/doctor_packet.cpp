// SPDX-License-Identifier: MIT
#include "doctor_packet.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "tscope/base/descriptor.hpp"
#include "tscope/base/error.hpp"
#include "tscope/record/headers.hpp"

namespace doctor {

namespace {

class Socket {
 public:
  explicit Socket(int fd) : socket_(fd) {
    if (!socket_) throw tscope::Error(std::strerror(errno));
  }

  int fd() const { return socket_.get(); }

  void send_bytes(std::size_t bytes) const {
    must(send(fd(), "tt", bytes, MSG_NOSIGNAL) == static_cast<ssize_t>(bytes));
  }

  void receive_bytes(std::size_t bytes) const {
    const timeval limit{2, 0};
    must(setsockopt(fd(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0);
    char buffer[2];
    must(recv(fd(), buffer, bytes, MSG_WAITALL) == static_cast<ssize_t>(bytes));
  }

  static void must(bool good) {
    if (!good) {
      throw tscope::Error(
          fmt::format("loopback TCP does not work here ({})", std::strerror(errno)));
    }
  }

 private:
  tscope::Descriptor socket_;
};

int stream_socket() {
  return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

sockaddr* generic(sockaddr_in& address) {
  return reinterpret_cast<sockaddr*>(&address);
}

sockaddr_in listen_on_any_port(const Socket& listener) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  Socket::must(bind(listener.fd(), generic(address), length) == 0 &&
               listen(listener.fd(), 1) == 0 &&
               getsockname(listener.fd(), generic(address), &length) == 0);
  return address;
}

void exchange(const Socket& listener, sockaddr_in address) {
  const Socket client(stream_socket());
  Socket::must(connect(client.fd(), generic(address), sizeof(address)) == 0);
  const Socket server(accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
  // The first packets of a session pay for what the kernel has not touched yet; two bytes tell them
  // apart.
  for (const std::size_t bytes : {2, 1}) {
    client.send_bytes(bytes);
    server.receive_bytes(bytes);
    server.send_bytes(bytes);
    client.receive_bytes(bytes);
  }
}

std::vector<tscope::Vantage> all_available(const std::vector<VantagePoint>& points) {
  std::vector<tscope::Vantage> vantages;
  for (const VantagePoint& point : points) {
    if (point.available) vantages.push_back(point.vantage);
  }
  return vantages;
}

void note(PacketTest& test, const tscope::Packet& packet, std::uint16_t port) {
  if (packet.vantage() == tscope::Vantage::session) {
    (packet.record.kind == TSCOPE_OPEN ? test.opened : test.closed)++;
    return;
  }
  const auto headers = tscope::decode_tcp(packet.record);
  if (!headers || headers->payload != 1) return;
  Journey& journey = headers->flow.dst.port == port ? test.there : test.back;
  journey.stamps.try_emplace(packet.vantage(), packet.time_ns);
}

void make_relative(Journey& journey) {
  if (journey.stamps.empty()) return;
  const std::int64_t first =
      std::ranges::min_element(journey.stamps, {}, [](const auto& s) { return s.second; })->second;
  for (auto& [vantage, stamp] : journey.stamps) stamp -= first;
}

}  // namespace

PacketTest send_packet_to_self(
    const std::vector<VantagePoint>& points,
    std::unique_ptr<tscope::LiveSource> (*open)(const tscope::CaptureOptions&)) {
  PacketTest test;
  tscope::CaptureOptions options;
  options.vantages = all_available(points);
  options.filter.protocols = TSCOPE_PROTO_TCP;
  options.slots = 1024;
  std::unique_ptr<Socket> listener;
  sockaddr_in address{};
  try {
    listener = std::make_unique<Socket>(stream_socket());
    address = listen_on_any_port(*listener);
    options.filter.port = ntohs(address.sin_port);
  } catch (const tscope::Error& error) {
    test.no_loopback = error.what();
  }
  try {
    const auto source = open(options);
    test.opens = true;
    if (test.no_loopback.empty()) exchange(*listener, address);
    source->stop();
    tscope::Packet packet;
    while (test.no_loopback.empty() && source->next(packet) != tscope::Source::Next::end) {
      note(test, packet, options.filter.port);
    }
    test.loss = source->loss();
    test.done = test.no_loopback.empty();
  } catch (const tscope::Error& error) {
    (test.opens ? test.no_loopback : test.problem) = error.what();
  }
  make_relative(test.there);
  make_relative(test.back);
  return test;
}

Check check_packet(const PacketTest& test, const std::vector<VantagePoint>& points) {
  Check check;
  check.name = "packet to self";
  if (!test.problem.empty()) {
    check.state = State::fail;
    check.what = test.problem;
    check.why = "a capture would fail in the same way";
    return check;
  }
  if (!test.done) {
    check.state = State::warn;
    check.what =
        "a capture starts here, but no packet could be sent to try it: " + test.no_loopback;
    check.why = "which vantage points stamp is not proved";
    check.fix = "ip link set lo up, then tscope doctor again";
    return check;
  }
  std::string silent;
  std::size_t seen = 0;
  for (const VantagePoint& point : points) {
    if (!point.available || point.vantage == tscope::Vantage::session) continue;
    const bool both =
        test.there.stamps.contains(point.vantage) && test.back.stamps.contains(point.vantage);
    seen += both;
    if (!both) silent += fmt::format(" {}", tscope::vantage_name(point.vantage));
  }
  check.what = fmt::format("a byte each way over loopback, stamped at {} vantage points", seen);
  if (test.opened != 2 || test.closed == 0) silent += " session";
  if (silent.empty()) return check;
  check.what += fmt::format("; not at:{}", silent);
  check.state = seen == 0 ? State::fail : State::warn;
  check.why = "hooks are attached there but this traffic did not pass them";
  check.fix = "leave those out with capture --at, or try another kernel";
  return check;
}

}  // namespace doctor
