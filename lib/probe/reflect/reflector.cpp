// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <poll.h>

#include <cerrno>
#include <cmath>
#include <optional>
#include <utility>

#include "probe/reflect/driver_stamps.hpp"
#include "probe/reflect/reply_socket.hpp"
#include "probe/wire/clock_state.hpp"
#include "tscope/base/descriptor.hpp"
#include "tscope/base/error.hpp"
#include "tscope/probe/reflect.hpp"

namespace tscope {

namespace {

constexpr int look_ms = 200;
constexpr std::int64_t look_ns = 1'000'000'000;

}  // namespace

struct Reflector::Impl {
  Impl(const ReflectOptions& options, std::unique_ptr<LiveSource> driver) : responder(options) {
    if (driver) stamps.emplace(std::move(driver));
    const bool six = options.address.find(':') != std::string::npos;
    if (options.address.empty() || !six) {
      sockets.push_back(std::make_unique<ReplySocket>(AF_INET, options.address, options.port));
    }
    const std::uint16_t port = sockets.empty() ? options.port : sockets[0]->local().port;
    if (six) {
      sockets.push_back(std::make_unique<ReplySocket>(AF_INET6, options.address, port));
    } else if (options.address.empty()) {
      open_six(port);
    }
    responder.set_port(sockets[0]->local().port);
    responder.set_error(realtime_error());
  }

  // A machine without IPv6 is no failure.
  void open_six(std::uint16_t port) {
    const Descriptor probe(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!probe && errno == EAFNOSUPPORT) return;
    sockets.push_back(std::make_unique<ReplySocket>(AF_INET6, "", port));
  }

  void look_at_clock(std::int64_t now_ns) {
    if (now_ns - looked_ns < look_ns && now_ns >= looked_ns) return;
    looked_ns = now_ns;
    responder.set_error(realtime_error());
    responder.expire(now_ns);
    if (stamps) stamps->keep_up();
  }

  Responder responder;
  std::vector<std::unique_ptr<ReplySocket>> sockets;
  std::optional<DriverStamps> stamps;
  std::int64_t looked_ns = 0;
};

Reflector::Reflector(const ReflectOptions& options, std::unique_ptr<LiveSource> driver) {
  for (const double rate : {options.sender_rate, options.total_rate}) {
    if (!(rate >= 1) || !std::isfinite(rate)) {
      throw UsageError(fmt::format("a rate of {} answers a second is none; give 1 or more", rate));
    }
  }
  if (options.sessions_max == 0) throw UsageError("0 sessions are none; give 1 or more");
  impl_ = std::make_unique<Impl>(options, std::move(driver));
}

Reflector::~Reflector() = default;

std::vector<Endpoint> Reflector::endpoints() const {
  std::vector<Endpoint> endpoints;
  for (const auto& socket : impl_->sockets) endpoints.push_back(socket->local());
  return endpoints;
}

void Reflector::run(const std::function<bool()>& ends) {
  std::vector<pollfd> polled;
  for (const auto& socket : impl_->sockets) polled.push_back({socket->fd(), POLLIN, 0});
  while (!ends()) {
    if (poll(polled.data(), polled.size(), look_ms) < 0 && errno != EINTR) {
      throw Error("waiting for probes failed: start tscope reflect again");
    }
    DriverStamps* stamps = impl_->stamps ? &*impl_->stamps : nullptr;
    for (const auto& socket : impl_->sockets) socket->turn(impl_->responder, stamps);
    impl_->look_at_clock(realtime_ns());
  }
}

ReflectReport Reflector::report() const {
  ReflectReport report = impl_->responder.report();
  for (const auto& socket : impl_->sockets) {
    report.dropped += socket->dropped();
    report.user_stamps += socket->user_stamps();
    report.driver_stamps += socket->driver_stamps();
    report.driver_absent += socket->driver_absent();
    report.send_failed += socket->send_failed();
  }
  report.reflected -= report.send_failed;
  return report;
}

}  // namespace tscope
